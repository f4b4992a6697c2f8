"""Turn a Markdown file into one self-contained HTML page: a small but real command-line tool.

It is what the README links: third-party packages, package data, and an extension module (MarkupSafe's) from a wheel.
"""

# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "jinja2>=3.1",
#     "markdown-it-py>=3",
#     "pygments>=2.18",
#     "typer>=0.15",
# ]
# ///

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from jinja2 import Environment
from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{{ title }}</title>
<style>body { max-width: 50rem; margin: auto; font: 1rem/1.5 sans-serif } {{ style }}</style>
{{ body | safe }}
</html>
"""


def coloured(code: str, language: str, _attributes: str) -> str:
    """Return a fenced block as highlighted HTML; an unknown language stays plain."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def main(
    source: Annotated[Path, typer.Argument(help="A Markdown file.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: standard output.")] = None,
) -> None:
    """Write SOURCE as an HTML page."""
    markdown = MarkdownIt("commonmark", {"highlight": coloured}).enable("table")
    text = source.read_text(encoding="utf-8")
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), source.stem)
    style = HtmlFormatter().get_style_defs("pre")
    page = Environment(autoescape=True).from_string(PAGE).render(title=title, style=style, body=markdown.render(text))
    if output is None:
        sys.stdout.write(page)
    else:
        output.write_text(page, encoding="utf-8")
        print(f"{output}: {len(page)} characters, made by {sys.executable}")


if __name__ == "__main__":
    typer.run(main)
