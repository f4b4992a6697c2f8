import warnings

import pytest
from hypothesis import given, strategies as st


@pytest.mark.parametrize("value", [1, 2])
def test_values(value, three, capsys):
    print(value)
    assert capsys.readouterr().out == f"{value}\n"
    assert value < three


@given(st.text())
def test_text(text):
    assert text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogatepass") == text


def test_fails():
    things = [1, 2, 3]
    warnings.warn("careful")
    assert len(things) == 4, "too few"
