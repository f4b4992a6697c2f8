"""Functions of a start come first, and the list that comes with Castiron is what its reader expects."""

from castiron_runtime.start_functions import FILE, first_of_all, start_functions


def test_groups_come_first_and_each_keeps_the_given_order() -> None:
    groups = start_functions("b\nd\n\na\nunknown\n")
    assert groups == ({"b", "d"}, {"a", "unknown"})
    assert first_of_all(["e", "d", "c", "b", "a"], groups) == ["d", "b", "a", "e", "c"]


def test_a_name_counts_in_its_first_group_only() -> None:
    assert first_of_all(["c", "a", "b"], [{"a"}, {"a", "b"}]) == ["a", "b", "c"]


def test_without_groups_nothing_moves() -> None:
    assert first_of_all(["b", "a"], start_functions("")) == ["b", "a"]


def test_list_of_the_project_is_sorted_and_names_each_function_once() -> None:
    text = FILE.read_text()
    paragraphs = [group.splitlines() for group in text.split("\n\n")]
    assert [sorted(names) for names in paragraphs] == paragraphs
    names = [name for group in paragraphs for name in group]
    assert len(names) == len(set(names))
    start, imports = start_functions(text)
    assert "Py_InitializeFromConfig" in start
    assert "_sre_compile" in imports
