import os

import pytest


@pytest.mark.parametrize("value", range(12))
def test_values(value):
    assert os.environ["PYTEST_XDIST_WORKER"].startswith("gw")
