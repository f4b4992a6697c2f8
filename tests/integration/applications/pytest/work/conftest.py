import pytest


@pytest.fixture
def three(tmp_path):
    (tmp_path / "x").write_text("3")
    return int((tmp_path / "x").read_text())
