from __future__ import annotations

import re
from pathlib import Path

import pytest

from castiron_common import errors

TABLE = Path(__file__).resolve().parents[3] / "docs" / "troubleshooting.md"


def classes() -> dict[str, int]:
    return {
        name: value.exit_code
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.CastironError) and value is not errors.CastironError
    }


def test_every_error_has_an_exit_code_of_its_own_and_the_docs_list_them_all() -> None:
    documented = {
        name: int(code) for code, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", TABLE.read_text(), re.MULTILINE)
    }
    assert documented == classes()
    assert len(set(documented.values())) == len(documented)
    assert not set(documented.values()) & {0, 1, errors.EXIT_INTERRUPTED}


@pytest.mark.parametrize("hint", ["", "Do this."])
def test_a_message_ends_with_what_to_do(hint: str) -> None:
    text = str(errors.InputError("It broke.", hint=hint))
    assert text == ("It broke.\nDo this." if hint else "It broke.")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "a.toml"), "No such file or directory"),
        (OSError("unreadable"), "unreadable"),
        (UnicodeDecodeError("utf-8", b"ab\xff", 2, 3, "invalid start byte"), "it is not UTF-8 text (byte 2)"),
        (ValueError("Expected '=' (at line 1)"), "Expected '=' (at line 1)"),
    ],
)
def test_the_reason_of_another_error_has_no_number(error: Exception, said: str) -> None:
    assert errors.reason(error) == said
