from pathlib import Path

from castiron_audit.expressions import normalise
from castiron_audit.tables import table
from tests.unit.audit.making import MIT
from tests.unit.audit.test_detection import by_name, detect_in, write

BOTTLE = "import sys\n__version__ = '0.12.25'\n\nclass BottleException(Exception):\n    pass\n"
POOL = "class HTTPConnectionPool(ConnectionPool, RequestMethods):\n    pass\n"


def test_a_module_that_only_one_project_has_shows_it_where_it_was_copied(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/util/bottle.py", BOTTLE),
        write(tmp_path, "d/net/urllib3/connectionpool.py", POOL),
        write(tmp_path, "d/net/urllib3/_version.py", '__version__ = "2.5.0"\n'),
    ]
    found = by_name(detect_in(tmp_path, *paths))
    assert (found["bottle"].version, found["bottle"].verdict.expression) == ("0.12.25", "MIT")
    assert (found["urllib3"].version, found["urllib3"].purl) == ("2.5.0", "pkg:pypi/urllib3@2.5.0")


def test_a_project_itself_and_what_only_has_its_names_do_not_count(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "bottle.py", BOTTLE),  # another distribution of the same project
        write(tmp_path, "urllib3/connectionpool.py", POOL),
        write(tmp_path, "d/x/bottle.py", "from bottle import BottleException\n"),
        write(tmp_path, "d/tests/x/bottle.py", BOTTLE),
    ]
    assert by_name(detect_in(tmp_path, *paths)) == {}


def test_a_list_of_requirements_beside_copied_packages_tells_their_versions(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "d/packages/frob/__init__.py"),
        write(tmp_path, "d/packages/frob/LICENSE", MIT),
        write(tmp_path, "d/packages/requirements.txt", "frob==2.4.1\nother==1.0\n"),
        write(tmp_path, "d/template/requirements.txt", "django==5.0\n"),
    ]
    found = by_name(detect_in(tmp_path, *paths))
    assert {name: item.version for name, item in found.items()} == {"frob": "2.4.1"}
    assert found["frob"].verdict.expression == "MIT"


def test_the_table_has_expressions_of_spdx_and_definitions() -> None:
    rows = table("python_modules")["modules"]
    assert all(normalise(license_) == license_ for _, _, _, license_, _ in rows)
    assert all(file.endswith(".py") and len(definition) > 10 for file, definition, *_ in rows)
    assert len({(file, definition) for file, definition, *_ in rows}) == len(rows)
