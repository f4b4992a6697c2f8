"""Writes the report as one HTML page: components, chains, sizes, findings, obligations, texts.

It needs no network, and no script to be read: the rows are in the page itself, the script only filters, sorts and
opens them.
"""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from castiron_audit.copyleft import Strength, reach
from castiron_audit.file_size import missing_bytes, overhead_rows
from castiron_audit.findings import ADVICE
from castiron_audit.formats.ids import Artifact, timestamp
from castiron_audit.formats.notices import standard_texts
from castiron_audit.formats.order import in_tree_order
from castiron_audit.formats.treemap import Box, treemap
from castiron_audit.machine_needs import need_rows
from castiron_audit.model import Kind, Severity
from castiron_audit.spdx_list import license_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_audit.model import Component, Finding, Report, Verdict

_KINDS = {
    Kind.APPLICATION: "application",
    Kind.DISTRIBUTION: "distribution",
    Kind.VENDORED: "vendored",
    Kind.LIBRARY: "library",
    Kind.CRATE: "Rust crate",
    Kind.DATA: "data",
    Kind.RUNTIME: "runtime",
}
_REACH = {
    Strength.PERMISSIVE: ("permissive", "Permissive"),
    Strength.FILE: ("file", "File-level copyleft"),
    Strength.LIBRARY: ("library", "Library-level copyleft"),
    Strength.WORK: ("work", "Strong copyleft"),
    Strength.NETWORK: ("work", "Strong copyleft"),
    Strength.RESTRICTED: ("restricted", "Restricted"),
    Strength.UNKNOWN: ("unknown", "Unknown"),
}
_MOST_BOXES = 60
_MOST_COPYRIGHTS = 12


def html(report: Report, *, epoch: int | None = None, artifact: Artifact | None = None) -> str:
    """Return the page; ``epoch`` and ``artifact`` are as for `castiron_audit.formats.render`."""
    template = files("castiron_audit.formats").joinpath("page.html").read_text(encoding="utf-8")
    by_id = {component.id: component for component in report.components}
    findings: dict[str, list[Finding]] = {}
    for finding in report.findings:
        findings.setdefault(finding.component, []).append(finding)
    ordered = in_tree_order(report)
    texts = _texts(report)
    values = {
        "title": escape(f"Licenses of {report.name}"),
        "name": escape(report.name),
        "about": _about(report, epoch, artifact),
        "summary": _summary(report),
        "findings": _findings(report, by_id),
        "needs": _needs(report),
        "refusals": _refusals(report, by_id),
        "treemap": treemap(_boxes(report), label=f"Bytes in {report.name} by component") + _overhead(report),
        "kinds": "".join(
            f'<option value="{kind.value}">{_KINDS[kind]} ({count})</option>'
            for kind, count in sorted(
                Counter(item.kind for item in ordered).items(), key=lambda row: list(Kind).index(row[0])
            )
        ),
        "reaches": _reach_filters(ordered),
        "rows": "".join(_row(item, report, findings.get(item.id, ()), texts) for item in ordered),
        "count": str(len(ordered)),
        "obligations": _obligations(report, by_id),
        "texts": _own_texts(texts) + _templates(report),
        "generator": escape(report.generator),
        "policy": escape(report.policy),
    }
    for key, value in values.items():
        template = template.replace("{{" + key + "}}", value)
    return template


def _about(report: Report, epoch: int | None, artifact: Artifact | None) -> str:
    """Return what the page is about; the only time is ``SOURCE_DATE_EPOCH``."""
    rows = [
        ("Version", escape(report.version) or "not stated"),
        ("License", escape(report.license or "not stated")),
        ("Target", escape(f"{report.target}, Python {report.python}")),
        ("Date", timestamp(epoch)[:10] if epoch is not None else ""),
        ("File", escape(artifact.filename) if artifact is not None else ""),
        ("SHA-256", f"<code>{artifact.sha256}</code>" if artifact is not None and artifact.sha256 else ""),
        (
            "Made from",
            "" if report.linked else "a manifest; what is linked of the runtime is known after the link",
        ),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows if value)


_UNFILLED = re.compile(r"copyright\s+(?:\(c\)|©)?\s*[<\[](?:year|yyyy)[>\]]", re.IGNORECASE)
_FILLED_BY_WHO_APPLIES_IT = re.compile(r"how to apply the|how to apply these terms", re.IGNORECASE)
"""The appendix of the Apache License and the GPL, in which the form of a notice stands: those texts are complete."""


def is_template(text: str) -> bool:
    """Return whether a license text has a copyright line that nobody filled in."""
    return bool(_UNFILLED.search(text)) and not _FILLED_BY_WHO_APPLIES_IT.search(text)


def _own_texts(texts: dict[str, tuple[int, list[str], str]]) -> str:
    if not texts:
        return "<p>No component brings a text.</p>"
    return "".join(
        _text(f"text-{number}", f"{number}. {_named(users)}", body, template=is_template(body))
        for number, users, body in texts.values()
    )


def _templates(report: Report) -> str:
    """Return the texts of the SPDX License List for components that came without one: templates, without names."""
    others = [component for component in report.components if component.kind is not Kind.APPLICATION]
    standard = standard_texts(others, dict(report.texts))
    if not standard:
        return ""
    rows = "".join(
        _text(
            f"template-{_anchor(name)}",
            f"{name}: {_named([report.display_name(item) for item in users])}",
            license_text(name) or "",
            template=True,
        )
        for name, users in standard.items()
    )
    return (
        '<h3>Templates</h3><p class="soft">Texts of the SPDX License List, for components that came without a whole '
        f"text of their own: they name nobody who holds the copyright.</p>{rows}"
    )


def _text(anchor: str, title: str, body: str, *, template: bool) -> str:
    mark = '<span class="tag template">template</span> ' if template else ""
    return (
        f'<details id="{anchor}" class="text"><summary>{mark}{escape(title)}</summary>'
        f'<pre tabindex="0" role="region" aria-label="{escape(title)}">{escape(body)}</pre></details>'
    )


def _named(users: list[str]) -> str:
    return ", ".join(users[:4]) + (f" and {len(users) - 4} more" if len(users) > 4 else "")


def _texts(report: Report) -> dict[str, tuple[int, list[str], str]]:
    """Return each text once, by SHA-256: its number, the names of the components that have it, the text."""
    bodies = dict(report.texts)
    texts: dict[str, tuple[int, list[str], str]] = {}
    for component in report.components:
        for text in component.texts:
            _, users, _ = texts.setdefault(text.sha256, (len(texts) + 1, [], bodies[text.sha256]))
            if component.name not in users:
                users.append(component.name)
    return texts


def _summary(report: Report) -> str:
    others = [component for component in report.components if component.kind is not Kind.APPLICATION]
    unknown = sum(component.verdict.expression is None for component in others)
    open_ = [
        finding for finding in report.findings if finding.settled is None and finding.severity is not Severity.INFO
    ]
    size = report.file_size or sum(component.size for component in report.components)
    licenses = {component.verdict.expression for component in others if component.verdict.expression}
    cards = [
        (str(len(report.components)), "components, with the application", ""),
        (str(len(licenses)), "different licenses", ""),
        (_bytes(size), "the whole file" if report.file_size else "accounted for", ""),
        (str(len(open_)), "open findings" if len(open_) != 1 else "open finding", "bad" if open_ else "good"),
        (str(unknown), "unknown licenses" if unknown != 1 else "unknown license", "bad" if unknown else "good"),
    ]
    return "".join(
        f'<li class="card {kind}"><strong>{escape(value)}</strong> <span>{escape(name)}</span></li>'
        for value, name, kind in cards
    )


def _needs(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(row.what)}</td><td>{escape(row.state)}</td><td>{escape(row.modules)}</td></tr>"
        for row in need_rows(report)
    )
    if not rows:
        return "<p>Nothing from outside, as far as its code shows.</p>"
    head = "".join(f'<th scope="col">{title}</th>' for title in ("what", "how much", "used in"))
    return f'<table class="needs"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _findings(report: Report, by_id: dict[str, Component]) -> str:
    if not report.findings:
        return "<p>None.</p>"
    rows = []
    advised = set()
    for finding in report.findings:
        component = by_id.get(finding.component)
        name = finding.component if component is None else report.display_name(component)
        advice = ""
        if not finding.settled and finding.code not in advised:
            advised.add(finding.code)
            advice = f'<p class="advice">{escape(text)}</p>' if (text := ADVICE.get(finding.code)) else ""
        settled = f'<p class="settled">Settled: {escape(finding.settled)}</p>' if finding.settled else ""
        kind = "settled" if finding.settled else str(finding.severity)
        rows.append(
            f'<li class="finding {kind}"><span class="tag">{kind}</span> '
            f'<a href="#{_anchor(finding.component)}">{escape(name)}</a>: '
            f"{escape(finding.message)} <code>{escape(finding.code)}</code>{settled}{advice}</li>"
        )
    head, rest = rows[:12], rows[12:]
    more = f"<details><summary>{len(rest)} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    return f"<ul>{''.join(head)}</ul>{more}"


def _refusals(report: Report, by_id: dict[str, Component]) -> str:
    if not report.refusals and not report.unmatched:
        return ""
    rows = "".join(
        f'<li><a href="#{_anchor(item.component)}">{escape(report.display_name(by_id[item.component]))}</a>: '
        f"{escape(item.reason)}.{_brought_in(by_id[item.component])} <span>{escape(item.remedy)}</span></li>"
        for item in report.refusals
    ) + "".join(f"<li>{escape(message)}</li>" for message in report.unmatched)
    head = '<h2 id="refused">Refused by the policy</h2>'
    return f'<section class="refused" aria-labelledby="refused">{head}<ul>{rows}</ul></section>'


def _brought_in(component: Component) -> str:
    return f"<div>Brought in by {_chain(component)}</div>" if component.chain else ""


def _boxes(report: Report) -> list[Box]:
    """Return a box for each of the largest components, and one for all others together."""
    sized = sorted((item for item in report.components if item.size), key=lambda item: (-item.size, item.id))
    boxes = [
        Box(
            size=item.size,
            label=item.name,
            note=f"{report.display_name(item)}: {_bytes(item.size)}, {item.verdict.expression or 'unknown'}",
            kind=_reach(item)[0],
            href=f"#{_anchor(item.id)}",
        )
        for item in sized[:_MOST_BOXES]
    ]
    rest = sum(item.size for item in sized[_MOST_BOXES:])
    if rest:
        boxes.append(
            Box(
                size=rest,
                label="others",
                note=f"{len(sized) - _MOST_BOXES} others: {_bytes(rest)}",
                kind="other",
                href="",
            )
        )
    if overhead := sum(row.size for row in overhead_rows(report)):
        note = "; ".join(f"{row.title}: {_bytes(row.size)}" for row in overhead_rows(report))
        boxes.append(Box(size=overhead, label="no component", note=note, kind="other", href=""))
    return sorted(boxes, key=lambda box: -box.size)


def _overhead(report: Report) -> str:
    """Return the sentence on the bytes that no row of the table has."""
    rows = overhead_rows(report)
    if not rows:
        return ""
    parts = "; ".join(f"{escape(row.title)} {_bytes(row.size)}" for row in rows)
    total = f" With the components that is the whole file: {report.file_size:,} bytes." if report.file_size else ""
    missing = missing_bytes(report)
    changed = f" The file has {missing:,} bytes fewer: something changed it after the link." if missing else ""
    return f'<p class="soft">Bytes of no component: {parts}.{changed or total}</p>'


def _reach(component: Component) -> tuple[str, str]:
    if component.kind is Kind.APPLICATION:
        return "own", "Own"
    expression = component.verdict.expression
    return _REACH[Strength.UNKNOWN if expression is None else reach(expression)]


def _reach_filters(ordered: Iterable[Component]) -> str:
    counts = Counter(_reach(item) for item in ordered)
    order = {value: index for index, value in enumerate(dict.fromkeys((*_REACH.values(), ("own", "Own"))))}
    return "".join(
        f'<label class="chip {key}"><input type="checkbox" name="reach" value="{key}" checked> '
        f"{escape(name)} ({count})</label>"
        for (key, name), count in sorted(counts.items(), key=lambda row: order[row[0]])
    )


def _row(
    component: Component, report: Report, findings: Iterable[Finding], texts: dict[str, tuple[int, list[str], str]]
) -> str:
    anchor = _anchor(component.id)
    key, reach_name = _reach(component)
    verdict = component.verdict
    open_ = [item for item in findings if item.settled is None and item.severity is not Severity.INFO]
    expression = (
        "its own" if component.kind is Kind.APPLICATION and not verdict.expression else verdict.expression or "unknown"
    )
    source = "" if component.kind is Kind.APPLICATION else str(verdict.source)
    mark = (
        f' <span class="mark" title="open findings">{len(open_)}<span class="sr"> open findings</span></span>'
        if open_
        else ""
    )
    row_class = "item part" if component.parent else "item"
    words = escape(
        " ".join(
            (
                component.name,
                component.version,
                expression,
                component.purl or "",
                component.parent or "",
                component.cpe or "",
            )
        ).lower()
    )
    return (
        f'<tr id="{anchor}" class="{row_class}" data-kind="{component.kind}" data-reach="{key}" '
        f'data-open="{len(open_)}" '
        f'data-size="{component.size}" data-words="{words}" data-name="{escape(component.name.lower())}">'
        f'<th scope="row"><button type="button" aria-expanded="false" aria-controls="{anchor}-more">'
        f"{escape(component.name)}</button>"
        f' <span class="version">{escape(component.version)}</span>{mark}</th>'
        f'<td><span class="license {key}" title="{escape(reach_name)}">{escape(expression)}</span></td>'
        f'<td class="wide">{escape(source)}</td><td class="wide">{escape(_KINDS[component.kind])}</td>'
        f'<td class="wide">{escape(", ".join(component.forms))}</td>'
        f'<td class="number">{_bytes(component.size) if component.size else ""}</td></tr>'
        f'<tr id="{anchor}-more" class="more" hidden><td colspan="6">'
        f"{_details(component, report, findings, texts)}</td></tr>"
    )


def _details(
    component: Component, report: Report, findings: Iterable[Finding], texts: dict[str, tuple[int, list[str], str]]
) -> str:
    """Return what a row opens: the details that the component has, in a fixed order."""
    rows = [
        ("About", escape(component.summary)),
        ("Kind", escape(", ".join((_KINDS[component.kind], *component.forms)))),
        ("Supplier", _supplier(component)),
        ("Part of", _link(component.parent, report) if component.parent else ""),
        ("Brought in by", _chain(component)),
        *_verdict_details(component.verdict),
        ("Findings", _finding_notes(findings)),
        ("Copyright", _copyrights(component)),
        ("Depends on", _requirements(component, report)),
        ("purl", _code(component.purl)),
        ("CPE", _code(component.cpe)),
        ("Changes", escape(component.changes)),
        ("Home page", _web_link(component.home_page)),
        ("Texts", _text_links(component, texts)),
    ]
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value) + "</dl>"


def _supplier(component: Component) -> str:
    supplier = component.supplier
    if supplier is None:
        return ""
    reason = f" <small>({escape(supplier.reason)})</small>" if supplier.reason else ""
    name = escape(supplier.name)
    if supplier.url.startswith(("http://", "https://", "mailto:")):
        name = f'<a href="{escape(supplier.url)}" rel="noreferrer">{name}</a>'
    return name + reason


def _chain(component: Component) -> str:
    steps = "".join(
        f"<li>{escape(step.name)}{f' <small>{escape(step.how)}</small>' if step.how else ''}</li>"
        for step in component.chain
    )
    return f'<ol class="chain">{steps}</ol>' if steps else ""


def _verdict_details(verdict: Verdict) -> list[tuple[str, str]]:
    similarity = ""
    if verdict.similarity is not None:
        similarity = f"{verdict.similarity:.1%} with the text of the SPDX License List"
    items = "".join(
        f"<li><b>{escape(item.source)}</b> {escape(item.where)}: {escape(item.says)}"
        f"{f' → {escape(item.expression)}' if item.expression and item.expression != item.says else ''}</li>"
        for item in verdict.evidence
    )
    return [
        ("License found in", escape(verdict.where)),
        ("Text match", similarity),
        ("Reason", escape(verdict.reason)),
        ("Evidence", f"<ul>{items}</ul>" if len(verdict.evidence) > 1 else ""),
    ]


def _finding_notes(findings: Iterable[Finding]) -> str:
    notes = "".join(
        f"<li>{escape(item.severity)}: {escape(item.message)}"
        f"{f' <i>Settled: {escape(item.settled)}</i>' if item.settled else ''}</li>"
        for item in findings
    )
    return f"<ul>{notes}</ul>" if notes else ""


def _copyrights(component: Component) -> str:
    more = len(component.copyrights) - _MOST_COPYRIGHTS
    notices = "<br>".join(escape(notice) for notice in component.copyrights[:_MOST_COPYRIGHTS])
    return notices + (f"<br>and {more} more lines, see the texts" if more > 0 else "")


def _requirements(component: Component, report: Report) -> str:
    if component.kind is Kind.APPLICATION:
        return ""
    others = [item for item in component.requires if report.component(item).kind is not Kind.CRATE]
    crates = len(component.requires) - len(others)
    links = ", ".join(_link(item, report) for item in others)
    return links + (f"{', ' if links else ''}{crates} Rust crates" if crates else "")


def _code(value: str | None) -> str:
    return f"<code>{escape(value)}</code>" if value else ""


def _web_link(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        return ""
    return f'<a href="{escape(url)}" rel="noreferrer">{escape(url)}</a>'


def _text_links(component: Component, texts: dict[str, tuple[int, list[str], str]]) -> str:
    return ", ".join(
        f'<a href="#text-{texts[text.sha256][0]}">{escape(text.path.rsplit("/", 1)[-1])}</a>'
        for text in component.texts
    )


def _obligations(report: Report, by_id: dict[str, Component]) -> str:
    rows = []
    for obligation in report.obligations:
        names = [report.display_name(by_id[key]) for key in obligation.components]
        rows.append(
            f"<li><h3>{escape(obligation.title)}</h3><p>{escape(obligation.text)}</p>"
            f'<p class="source">Source: {escape(obligation.source)}</p>'
            f"<details><summary>{len(names)} component{'' if len(names) == 1 else 's'}</summary>"
            f"<p>{escape(', '.join(names))}</p>"
            "</details></li>"
        )
    return f'<ul class="obligations">{"".join(rows)}</ul>' if rows else "<p>None.</p>"


def _link(key: str, report: Report) -> str:
    return f'<a href="#{_anchor(key)}">{escape(report.component(key).name)}</a>'


def _anchor(key: str) -> str:
    return "c-" + "".join(char if char.isalnum() else f"-{ord(char):x}-" for char in key)


def _bytes(size: int) -> str:
    """Return a size for people, in decimal units."""
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"
