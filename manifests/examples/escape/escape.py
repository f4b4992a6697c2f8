"""Escape standard input for HTML."""

import sys

from markupsafe import escape

sys.stdout.write(escape(sys.stdin.read()))
