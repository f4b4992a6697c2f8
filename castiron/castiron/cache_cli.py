"""The commands ``castiron cache info|verify|prune``."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from castiron_common import cache_content, command_line, shared_files
from castiron_common.cache import cache_base, cache_root
from castiron_common.console import run_command
from castiron_common.errors import EXIT_DAMAGED
from castiron_common.lines import stderr_lines

app = command_line.application("Show what is in the cache, verify it, or make it smaller.")


@command_line.command(app)
def info(*, as_json: command_line.JsonOption = False) -> None:
    """Show where the cache is, what is in it, and its size and limit."""
    root = cache_root()
    rows: dict[str, list[cache_content.Item]] = {}
    for item in cache_content.items(root):
        rows.setdefault(item.kind, []).append(item)
    shared = shared_files.store_size(root / shared_files.FOLDER)
    sizes = {kind: sum(item.size for item in entries) for kind, entries in sorted(rows.items())}
    total, limit = sum(sizes.values()) + shared, cache_content.bound()
    earlier = [path.name for path in cache_content.earlier_layouts()]
    if as_json:
        kinds = {kind: {"bytes": sizes[kind], "entries": len(rows[kind])} for kind in sizes}
        print(
            json.dumps(
                {
                    "folder": str(root),
                    "bytes": total,
                    "bound": limit,
                    "shared": shared,
                    "kinds": kinds,
                    "other": earlier,
                },
                indent=1,
            )
        )
        return
    print(f"folder  {root}\nsize    {total / 1e9:.2f} GB of at most {limit / 1e9:.2f} GB (CASTIRON_CACHE_SIZE)\n")
    print(f"{'what':<16}{'entries':>8}{'MB':>10}  least recently used")
    for kind, entries in sorted(rows.items()):
        print(f"{kind:<16}{len(entries):>8}{sizes[kind] / 1e6:>10.1f}  {cache_content.age(entries[0].used)} ago")
    print(f"{shared_files.FOLDER:<16}{'':>8}{shared / 1e6:>10.1f}  files of the environments in `sites`, shared")
    if earlier:
        print(
            f"\nLeft by other versions of Castiron: {', '.join(earlier)}, in {cache_base()}.\n"
            "`castiron cache prune --earlier` removes that."
        )


@command_line.command(app)
def verify(
    *,
    repair: Annotated[bool, typer.Option("--repair", help="Remove what is damaged.")] = False,
) -> None:
    """Compare everything in the cache with what was put there.

    Exits with 15 if something is damaged.
    """
    count = damaged = 0
    for path, damage in cache_content.verify(cache_root(), repair=repair):
        count += 1
        if damage is not None:
            damaged += 1
            print(f"{path}: {damage}{' (removed)' if repair else ''}")
    console = stderr_lines()
    if not damaged:
        console.print(f"{count} entries, all intact")
        return
    advice = "they are made again when they are needed" if repair else "`castiron cache verify --repair` removes them"
    console.print(f"{count} entries, {damaged} damaged; {advice}")
    if not repair:
        raise typer.Exit(EXIT_DAMAGED)


@command_line.command(app)
def prune(
    *,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Remove what was not used for this long: 12h, 30d, 4w."),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size",
            metavar="SIZE",
            help="Remove entries until the cache is no larger than this: 500M, 10G; 0 for all.",
        ),
    ] = None,
    earlier: Annotated[
        bool, typer.Option("--earlier", help="Also remove what other versions of Castiron have left there.")
    ] = False,
) -> None:
    """Remove the least recently used entries.

    Without options, until the cache is within its limit (CASTIRON_CACHE_SIZE).  What running commands use stays.
    """
    root = cache_root()
    unused_since = None if older_than is None else time.time() - cache_content.parse_age(older_than)
    down_to = None if size is None else cache_content.parse_size(size)
    if older_than is None and size is None:
        down_to = cache_content.bound()
    pruned = cache_content.prune(root, unused_since=unused_since, down_to=down_to)
    freed = pruned.freed + (cache_content.remove_earlier_layouts() if earlier else 0)
    print(f"{freed / 1e6:.1f} MB removed, {pruned.kept / 1e6:.1f} MB left")


def main() -> None:
    """Run the commands of ``castiron cache``."""
    run_command(app, prog="castiron cache")
