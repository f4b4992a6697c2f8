"""The command."""

import sys
from importlib.resources import files

import markdown


def greet():
    """Print a greeting as HTML; its extensions are found by their entry points."""
    words = files("greet").joinpath("words", f"{sys.argv[1]}.md").read_text(encoding="utf-8")
    print(markdown.markdown(words, extensions=["smarty"]))
