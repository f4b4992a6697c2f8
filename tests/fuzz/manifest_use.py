"""What the commands do with a manifest that was accepted, as far as it needs no other file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from castiron_audit.collect import build_report
from castiron_audit.formats import Format, render
from castiron_common.errors import CastironError
from castiron_link.boot import boot_config
from castiron_link.model import Children, LinkOptions
from castiron_link.natives import certain_natives, provided_extensions, wanted_natives
from castiron_link.tree_layout import build_tree, entry_path
from castiron_manifest import cli, show

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_manifest.model import Manifest


def use(manifest: Manifest, folder: Path) -> str:
    """Run it all; return what came of it.  An expected error of a later stage is an answer, too."""
    text = json.dumps(show.as_json_value(manifest, contents=True))
    show.summary(manifest)
    list(show.differences(manifest, manifest))
    if manifest.modules:
        show.chain(manifest, manifest.modules[-1].name)
    if len(text) < 100_000:
        file = folder / "x.manifest"
        from castiron_manifest.codec import encode

        file.write_bytes(encode(manifest))
        cli.show(file)
        cli.show(file, modules=True)
    try:
        report = build_report(manifest, site=None, license_=None)
        for format_ in (Format.TABLE, Format.NOTICES):
            render(report, format_)
        entry_path(manifest.entry, manifest.target.python)
        tree = build_tree(manifest, stdlib=folder / "stdlib", site=folder / "site")
        boot_config(manifest, tree, LinkOptions(), Children.OWN)
        certain_natives(manifest, tree)
        wanted_natives(manifest, tree)
        provided_extensions(manifest, tree)
    except CastironError as error:
        return f"accepted, then {type(error).__name__}"
    return "accepted"
