"""A cache in which single bytes are flipped: the same binary, or a refusal that names what is damaged."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.integration
