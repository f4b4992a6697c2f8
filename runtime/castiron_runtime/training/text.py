"""Training: strings, regular expressions, formatting, parsing, logging."""

from __future__ import annotations

import argparse
import ast
import configparser
import csv
import difflib
import html
import io
import logging
import pathlib
import re
import shlex
import string
import textwrap
import tokenize
import unicodedata
import urllib.parse
from html.parser import HTMLParser

WORDS = (
    "the quick brown fox jumps over lazy dogs while every reader of ordinary prose wonders whether anybody still "
    "writes numbers like 12345 or addresses like someone.else+tag@mail.example.org and http://www.example.org/a/b?c=d#e"
).split()
PATTERNS = [
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    r"https?://[^\s/$.?#].[^\s]*",
    r"\b(\w+)\b\s+\1?",
    r"(?i)quick|lazy|number[s]?",
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
    r"^\s*(?:def|class)\s+(\w+)",
    r"(?:[a-z]+\s){2,5}",
    r"[^,;]+[,;]?",
    r"(a|b|c)*d?e",
    r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?",
    r'"(?:[^"\\]|\\.)*"',
    r".*?(?=fox)",
    r"(?<!\w)w\w*",
    r"\s+|\W+",
]


def search(text: str, rounds: int) -> int:
    """Search, split and replace with patterns of many kinds."""
    compiled = [re.compile(pattern, re.MULTILINE) for pattern in PATTERNS]
    found = 0
    for _ in range(rounds):
        for pattern in compiled:
            found += len(pattern.findall(text))
            found += pattern.search(text) is not None
            found += sum(match.end() - match.start() for match in pattern.finditer(text))
            found += len(pattern.sub("-", text)) + len(pattern.split(text))
        for word in text.split()[:200]:
            found += compiled[0].match(word) is not None
    for size in (10, 100, 1000, 10000):
        subject = "Python|" + "-" * size + "|Perl " + "P" * (size // 10)
        for pattern in (
            "Python|Perl",
            "(Python|Perl)",
            "[PQ]erl",
            "(?:P+)erl",
            "[^-]*-+",
            r"\bPerl\b",
            "(.*)Perl",
            "(.)(?:P)",
            "[A-Z][a-z]+",
        ):
            found += len(re.findall(pattern, subject))
            found += re.search(pattern + r"(\d+)?", subject.encode().decode("latin-1")) is not None
        found += len(re.findall(rb"P[a-z]*", subject.encode()))
    words = re.sub(r"\w+", lambda match: match[0].capitalize(), text)
    for number in range(150):
        re.compile(f"(?:pattern{number}|[a-{'bcdefghij'[number % 9]}]+(?=x))\\d{{{number % 7}}}?")
    return found + len(words)


def compose(rounds: int) -> int:
    """Build text: f-strings, %, format, join, replace, templates."""
    template = string.Template("$name owes $$ $amount to ${other}")
    size = 0
    for number in range(rounds):
        name, amount = WORDS[number % len(WORDS)], number / 7
        size += len(f"{name!r:>20} {amount:10.3f} {number:#x} {number:,} {name[:3].upper()}")
        size += len("%s has %d of %5.2f%% (%r)" % (name, number, amount, name))  # noqa: UP031 - in use everywhere
        size += len("{0} {1:>{width}} {name}".format(number, amount, width=12, name=name))
        size += len(template.substitute(name=name, amount=amount, other=number))
        parts = [name, str(number), repr(amount), "é" * (number % 3), "日本"]
        joined = ", ".join(parts)
        size += len(joined.replace(",", ";").split("; ")) + joined.find("日") + joined.count("e")
        size += (
            len(joined.encode()) + len(joined.encode("utf-16").decode("utf-16")) + len(joined.lower().title().strip())
        )
        size += joined.startswith(("the", "quick")) + joined.endswith("本") + ("fox" in joined) + (joined > name)
        size += (
            len(name.ljust(20).center(30).zfill(32))
            + len(joined.partition(",")[2])
            + name.isidentifier()
            + name.isalpha()
        )
        size += len(html.escape(f"<a href='{name}'>{amount}</a> & more")) + len(html.unescape("&lt;b&gt; &amp; &#233;"))
        size += len(name.translate({97: "A", 101: None})) + ord(name[0]) + len(chr(number % 5000 + 200))
    return size


class Template:
    """A small template language, compiled to Python: loops, conditions, values, filters."""

    def __init__(self, source: str) -> None:
        lines, depth = ["def render(context):", " out = []", " append = out.append"], 1
        for kind, code, text in re.findall(r"{([%{])\s*(.*?)\s*[%}]}|([^{]+)", source):
            if text:
                lines.append(" " * depth + f"append({text!r})")
            elif kind == "{":
                value, *filters = code.split("|")
                for name in filters:
                    value = f"FILTERS[{name!r}]({value})"
                lines.append(" " * depth + f"append(str({value}))")
            elif code.startswith("end"):
                depth -= 1
            else:
                lines.append(" " * depth + code + ":")
                depth += 1
        lines.append(" return ''.join(out)")
        names = {"FILTERS": {"escape": html.escape, "upper": str.upper}}
        exec(compile("\n".join(lines), "<template>", "exec"), names)
        self.render = names["render"]


def render(rounds: int) -> int:
    """Render tables."""
    template = Template(
        "<table>{% for row in context['rows'] %}<tr>{% for key in row %}{% if row[key] %}<td>{{ row[key]|escape }}</td>{% end %}"
        "{% end %}</tr>{% end %}</table>"
    )
    rows = [{f"k{column}": f"<{row * column}>" for column in range(8)} for row in range(60)]
    filled = sum(len(template.render({"rows": rows})) for _ in range(rounds))
    return filled


class Collector(HTMLParser):
    """Collects tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag."""
        self.tags.append(tag + "".join(key for key, _ in attrs))


def parse(rounds: int) -> int:
    """Parse Python, HTML, CSV, INI, addresses, paths, command lines."""
    here = pathlib.Path(__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in sorted(here.glob("*.py"))]
    size = 0
    page = "<html><body class='a b'>" + "<p id=x>text &amp; <b>bold</b></p><br/>" * 60 + "</body></html>"
    for _ in range(rounds):
        for source in sources:
            module = ast.parse(source)
            size += sum(isinstance(node, ast.Name) for node in ast.walk(module))
            size += len(compile(source, "<source>", "exec").co_code)
            size += sum(1 for _ in tokenize.generate_tokens(io.StringIO(source).readline))
        collector = Collector()
        collector.feed(page)
        size += len(collector.tags)
        target = io.StringIO()
        writer = csv.writer(target)
        writer.writerows([[number, f"text {number}", 'with "quotes", and commas'] for number in range(400)])
        size += sum(len(row) for row in csv.DictReader(io.StringIO("a,b,c\n" + target.getvalue())))
        settings = configparser.ConfigParser()
        settings.read_string(
            "".join(f"[section{number}]\nkey = value{number}\nother = %(key)s!\n" for number in range(40))
        )
        size += sum(len(settings[name]["other"]) for name in settings.sections())
        for number in range(200):
            address = urllib.parse.urlsplit(f"https://user@host{number}.example.org:8080/a/b;c?d={number}&e=f%20g#h")
            size += len(urllib.parse.parse_qs(address.query)) + len(urllib.parse.quote(address.path + " é"))
            size += len(urllib.parse.urljoin(address.geturl(), f"../{number}"))
            path = pathlib.PurePosixPath("/usr/lib") / f"python{number}" / "module.py"
            size += len(path.parts) + len(path.stem) + len(str(path.with_suffix(".pyc"))) + path.match("*.py")
            size += len(shlex.split(f"command --option='a b' \"{number}\" c\\ d"))
        parser = argparse.ArgumentParser(prog="x", description="y", exit_on_error=False)
        parser.add_argument("--number", type=int, default=3)
        parser.add_argument("--flag", action="store_true")
        parser.add_argument("files", nargs="*")
        commands = parser.parse_args(["--number", "5", "--flag", "a", "b"])
        size += commands.number + len(parser.format_help())
    return size


def log(rounds: int) -> int:
    """Log: what is written, what is below the level, with arguments and exceptions."""
    target = io.StringIO()
    handler = logging.StreamHandler(target)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-8s %(name)s:%(lineno)d %(message)s"))
    logger = logging.getLogger("training.text")
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    for number in range(rounds):
        logger.debug("below the level %s", number)
        logger.info("value %d of %s", number, "text")
        if number % 50 == 0:
            logger.warning("plain")
    return len(target.getvalue())


def main() -> None:
    """Run everything once."""
    text = "\n".join(" ".join(WORDS[start:] + WORDS[:start]) for start in range(len(WORDS)))
    assert search(text, 8) > 0
    assert compose(12_000) > 0
    assert render(60) > 0
    assert parse(4) > 0
    assert log(10_000) > 0
    assert len(textwrap.fill(text, 70)) > len(text) // 2
    first, second = text.splitlines(), [line.replace("fox", "cat") for line in text.splitlines()[::2]]
    assert list(difflib.unified_diff(first, second))
    assert len(unicodedata.normalize("NFD", "Éclair à la crème " * 2000)) > 0
    assert sorted(WORDS * 300, key=str.casefold)[0]
    counts: dict[str, int] = {}
    for word in text.split() * 60:
        counts[word] = counts.get(word, 0) + 1
    assert max(counts.values()) > 60


if __name__ == "__main__":
    main()
