"""Finds the names of modules in the text of a configuration file: ``_target_: shop.models.Net``."""

from __future__ import annotations

import re

from castiron_common.frozen import dataclass

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.\w+)+")
_RELATIVE = re.compile(r"""["']\.([^\W\d]\w*(?:\.\w+)*)["']""")
"""``factory=".models.Shop"``: counts from the package in which the file lies, as in ZCML."""
_OBJECT = re.compile(r"(?<![\w.:/@-])([^\W\d]\w*):[^\W\d]\w*")
"""``"run": "tasks:clean"``: an object of a module that is in no package."""
_QUOTED = re.compile(r"""(["'])([^\W\d]\w*)\1""")
_PLAIN = re.compile(
    r"""
    ^[ \t]*(?:-[ \t]+)?(?:["']?\w[\w.-]*["']?[ \t]*[:=][ \t]*)?  # an item of a list, a key, or neither
    ([^\W\d]\w*)
    [ \t]*,?[ \t]*(?:\#.*)?\r?$
    """,
    re.VERBOSE | re.MULTILINE,
)
_LISTED = re.compile(r"(?<=[\[,])[ \t]*([^\W\d]\w*)[ \t]*(?=[,\]])")
"""``plugins: [audit, mail]`` of YAML, ``plugins = audit, mail`` of INI but for its first and last."""
_ELEMENT = re.compile(r">\s*([^\W\d]\w*)\s*</")

_FIELD = re.compile(
    r"""
    (?:^|(?<=[,;|\t]))                                  # the line, or a field of it
    [ \t]*(?:-[ \t]+)?(?:\w[\w-]*[ \t]*[:=][ \t]*)?    # an item, a key, or neither
    ["']?([^\W\d]\w*(?:\.\w+)*)(?::\w+)?["']?
    [ \t]*(?=[,;|\t#\r\n]|$)
    """,
    re.VERBOSE | re.MULTILINE,
)
"""``shop.plugins.mail`` or ``shop.plugins.mail:Sender``, alone on its line or in a field of it."""


@dataclass(frozen=True, slots=True)
class ConfiguredNames:
    """What may be names of modules, each once, in the order of the text."""

    dotted: tuple[str, ...]
    relative: tuple[str, ...]
    """Without the dot that they begin with."""
    objects: tuple[str, ...]
    """Modules whose object is named."""
    words: tuple[str, ...]
    """Single words that are the whole of a value: ``package_name = "flows"``.  Any word may be one."""


def configured_names(text: str) -> ConfiguredNames:
    """Return the names in the text of a configuration file, of whatever format."""
    quoted = [word for _quote, word in _QUOTED.findall(text)]
    words = (*quoted, *_PLAIN.findall(text), *_LISTED.findall(text), *_ELEMENT.findall(text))
    return ConfiguredNames(
        tuple(dict.fromkeys(_DOTTED.findall(text))),
        tuple(dict.fromkeys(_RELATIVE.findall(text))),
        tuple(dict.fromkeys(_OBJECT.findall(text))),
        tuple(dict.fromkeys(words)),
    )


def listed_names(text: str) -> ConfiguredNames:
    """Return the names in a text that is of no format of configuration: those that are a line, or a field of one."""
    found = dict.fromkeys(_FIELD.findall(text))
    return ConfiguredNames(
        dotted=tuple(name for name in found if "." in name),
        relative=(),
        objects=(),
        words=tuple(name for name in found if "." not in name),
    )
