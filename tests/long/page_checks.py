"""Looks at the audit's page as people do: ``python -m tests.long.page_checks PAGE.html ... [--pictures FOLDER]``.

Each page is shown in Chromium at several widths, light and dark.  axe-core must find nothing, no part of the page may
be wider than the window except in a box of its own that scrolls, no text may be cut, and Tab must reach whatever can
be pressed, with a mark that shows where one is.

Needs Chromium (Debian: ``apt-get install chromium``) and, beside the development packages,
``pip install playwright axe-playwright-python``.  The width is that of the page, not of a window: Chromium has no
windows below 500 pixels.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

WIDTHS = (400, 800, 1300)
"""Pixels."""
HEIGHT = 900
COLOURS = ("light", "dark")

WIDER = """() => [...document.querySelectorAll('body *')].filter(item => {
  const box = item.getBoundingClientRect();
  if (!box.width || box.right <= document.documentElement.clientWidth + 1) return false;
  for (let up = item; up; up = up.parentElement)
    if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(up).overflowX)) return false;
  return true;
}).map(item => item.outerHTML.slice(0, 120))"""
"""Parts that stand out of the page and lie in nothing that scrolls."""

CUT = """() => [...document.querySelectorAll('body *')].filter(item => {
  const style = getComputedStyle(item);
  return item.clientWidth > 1 && style.overflowX === 'hidden' && item.scrollWidth > item.clientWidth + 1
    && style.clipPath === 'none' && item.children.length === 0 && !item.title;
}).map(item => item.outerHTML.slice(0, 120))"""
"""Texts that are cut and told nowhere else."""

PRESSABLE = """() => [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')]
  .filter(item => item.checkVisibility({visibilityProperty: true}) && !item.disabled && item.tabIndex >= 0).length"""

FOCUSED = """() => {
  const item = document.activeElement, style = getComputedStyle(item), box = item.getBoundingClientRect();
  if (!item.dataset.reached) item.dataset.reached = 'no';
  const first = item.dataset.reached === 'no';
  item.dataset.reached = 'yes';
  return {first, body: item === document.body, html: item.outerHTML.slice(0, 120),
    marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none',
    seen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth};
}"""
_MOST_STEPS = 400
"""Steps of Tab: of hundreds of components the first are as good as all."""


def main() -> int:
    """Check the pages; return 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+", type=Path, metavar="PAGE.html")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="put a picture of each page there")
    arguments = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("error: Chromium shows the pages; on Debian: apt-get install chromium", file=sys.stderr)
        return 9
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    wrong = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for path in arguments.pages:
            for width in WIDTHS:
                for colours in COLOURS:
                    page = browser.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=colours)
                    page.goto(path.resolve().as_uri())
                    found = [*_violations(Axe().run(page)), *_of_layout(page), *_of_keyboard(page)]
                    print(f"{path.name}, {width} px, {colours}: {len(found)} wrong")
                    for line in found:
                        print(f"  {line}")
                    wrong += len(found)
                    if arguments.pictures is not None:
                        arguments.pictures.mkdir(parents=True, exist_ok=True)
                        # Reloaded, a page is shown from where it was: its tools would stand in its middle.
                        page.reload()
                        page.evaluate("() => scrollTo(0, 0)")
                        page.screenshot(path=arguments.pictures / f"{path.stem}-{width}-{colours}.png", full_page=True)
                    page.close()
        browser.close()
    return 1 if wrong else 0


def _violations(results: Any) -> list[str]:
    return [
        f"axe {item['id']} ({item['impact']}): {item['help']}: {item['nodes'][0]['html'][:120]}"
        for item in results.response["violations"]
    ]


def _of_layout(page: Any) -> list[str]:
    found = [f"wider than the page: {item}" for item in page.evaluate(WIDER)]
    width, shown = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    found += [f"the page scrolls sideways: {width} of {shown} pixels"] if width > shown else []
    return found + [f"cut: {item}" for item in page.evaluate(CUT)]


def _of_keyboard(page: Any) -> list[str]:
    pressable = page.evaluate(PRESSABLE)
    found: list[str] = []
    reached = 0
    for _ in range(min(pressable + 1, _MOST_STEPS)):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["body"] or not focused["first"]:
            break
        reached += 1
        found += [] if focused["marked"] else [f"no mark of the focus: {focused['html']}"]
        found += [] if focused["seen"] else [f"focused and not to be seen: {focused['html']}"]
    if reached < min(pressable, _MOST_STEPS):
        found.append(f"Tab reaches {reached} of {pressable} that can be pressed")
    return found


if __name__ == "__main__":
    raise SystemExit(main())
