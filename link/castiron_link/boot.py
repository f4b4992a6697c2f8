"""What the stub is told about how to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_link.payload import BootConfig
from castiron_link.tree_layout import entry_path, has_path_files

if TYPE_CHECKING:
    from castiron_link.model import Children, LinkOptions, Tree
    from castiron_manifest.model import Manifest


def boot_config(manifest: Manifest, tree: Tree, options: LinkOptions, children: Children) -> BootConfig:
    """Return the start of the manifest's entry under the user's options."""
    entry = manifest.entry
    return BootConfig(
        kind=entry.kind,
        module=entry.module,
        function=entry.function,
        path=entry_path(entry, manifest.target.python),
        program=entry.name,
        optimize=options.optimize,
        sys_path=options.sys_path,
        full_finalize=options.full_finalize,
        obey_environment=options.obey_environment,
        children=children,
        notices=options.notices,
        path_files=has_path_files(tree, manifest.target.python),
    )
