"""A report as HTML without scripts, for light and dark themes."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape as escape_html

from ..platform import IN_BROWSER
from .lines import (
    Content,
    Line,
    Section,
    count_text,
    excluded_texts,
    has_size,
    in_order,
    line_size_text,
    printable,
    shown_of,
    size_text,
)

# JupyterLab's own variables follow its theme; the second values serve where there are none. The
# doubled classes outweigh JupyterLab's rules for tables in outputs.
STYLE = """
.litestate { font: 13px/1.5 var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, inherit); max-width: 52rem; padding: 2px 0 2px 12px;
  border-left: 3px solid var(--jp-brand-color1, #2196f3); container-type: inline-size; }
.litestate.bad { border-color: var(--jp-warn-color1, #f57c00); }
.litestate.litestate p { margin: 2px 0; overflow-wrap: anywhere; }
.litestate .head { font-size: 14px; font-weight: 600; overflow-wrap: anywhere; }
.litestate .head a { color: var(--jp-content-link-color, #1976d2); }
.litestate.litestate h4 { font: inherit; font-weight: 600; margin: 8px 0 2px; }
.litestate.litestate table { border-collapse: collapse; margin: 0; font: inherit; width: auto; }
.litestate.litestate.litestate tbody tr:nth-child(n) { background: none; }
.litestate.litestate tbody td { text-align: left; vertical-align: top; padding: 1px 16px 1px 0;
  border: 0; font: inherit; max-width: none; white-space: normal; overflow-wrap: anywhere; }
.litestate.litestate thead th { text-align: left; padding: 1px 16px 1px 0; border: 0;
  font: inherit; color: var(--jp-ui-font-color2, #757575); }
.litestate.litestate thead { border: 0; }
.litestate.litestate thead th.n { text-align: right; }
.litestate.litestate tbody td.p { min-width: 10em; max-width: 26em; }
.litestate.litestate tbody td.n { text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.litestate.litestate tbody td.v { white-space: nowrap; }
.litestate .dim, .litestate summary { color: var(--jp-ui-font-color2, #757575); }
.litestate summary { cursor: pointer; }
.litestate.litestate .warn { color: var(--jp-warn-color0, #e65100); }
@container (max-width: 36rem) {
  .litestate.litestate table, .litestate.litestate tbody { display: block; }
  .litestate.litestate thead { display: none; }
  .litestate.litestate tbody tr { display: flex; flex-wrap: wrap; column-gap: 12px;
    padding: 2px 0; }
  .litestate.litestate tbody td { padding: 0; }
  .litestate.litestate tbody td:empty { display: none; }
  .litestate.litestate tbody td.p { min-width: 0; max-width: 100%; }
  .litestate.litestate tbody td.n { text-align: left; }
  .litestate.litestate tbody td.d { flex-basis: 100%; padding-left: 12px; }
  .litestate.litestate tbody td[data-name]::before { content: attr(data-name) " ";
    color: var(--jp-ui-font-color2, #757575); }
}
"""


_ENDED = "That kernel has ended. Run this cell again, if it has not run since."


def render(report: Content) -> str:
    """Return the report as one HTML element with its style."""
    bad = " bad" if report.skipped or report.warnings else ""
    kernel, alive = _mark() if report.later or report.link else ("", "")
    parts = [f'<style>{STYLE}</style>{alive}<div class="litestate{bad} {kernel}">']
    parts += _head(report)
    if report.later and kernel:
        parts.append(f'<p class="dim litestate-later">{_ENDED}</p>')
    parts += [f"<p>{escape(hint)}</p>" for hint in report.hints.values()]
    parts.append(_skipped(report))
    parts += [f'<p class="warn">{escape(warning)}</p>' for warning in report.warnings]
    parts += [_section(section) for section in report.sections if section.lines]
    parts.append(_excluded(report.excluded))
    parts += [f'<p class="dim">{escape(note)}</p>' for note in report.notes]
    if report.link:
        parts.append(f'<p class="dim litestate-now" hidden>{escape(report.link_note)}</p>')
    return "".join(parts) + "</div>"


def _mark() -> tuple[str, str]:
    """Return a class and HTML for outputs that end with this kernel; see `browser.form.mark`.

    Outside of the site both are empty, since nothing there tells whether a kernel still runs.
    """
    if not IN_BROWSER:
        return "", ""
    from ..browser.form import mark

    return mark()


def _head(report: Content) -> Iterator[str]:
    """Yield the headline and the link; what is true only while the kernel runs is hidden."""
    if report.link:
        yield f'<p class="head litestate-now" hidden>{report.link}</p>'
        yield f'<p class="litestate-later">{escape(report.link_later)}</p>'
    kind = "" if report.link else "head"
    if report.later:
        yield f'<p class="{kind} litestate-now" hidden>{escape(report.headline)}</p>'
        yield f'<p class="{kind} litestate-later">{escape(report.later)}</p>'
    else:
        yield f'<p class="{kind}">{escape(report.headline)}</p>'


def escape(text: str) -> str:
    """Return text for HTML, with control characters escaped."""
    return escape_html(printable(text))


def _section(section: Section) -> str:
    lines = in_order(section)
    if all(line.kind == "session" for line in lines):
        # There is one, whose label repeats the heading.
        texts = "".join(f'<p class="dim">{escape(line.detail)}</p>' for line in lines)
        return f"<h4>{escape(count_text(lines))}</h4>{texts}"
    totals = [count_text(lines), *([size_text(section.size)] if has_size(lines) else [])]
    head = f"<h4>{escape(' · '.join(totals))}</h4>"
    shown = shown_of(lines)
    rest = lines[len(shown) :]
    more = f"<details><summary>{len(rest):,} more</summary>{_table(rest)}</details>" if rest else ""
    return head + _table(shown) + more


def _table(lines: list[Line]) -> str:
    return f"<table><tbody>{''.join(_row(line) for line in lines)}</tbody></table>"


def _row(line: Line) -> str:
    size = line_size_text(line)
    label = escape(line.label + "/" * (line.kind == "directory"))
    verdict = f'<td class="v dim">{escape(line.verdict)}</td>' if line.verdict else ""
    detail = f'<td class="d dim">{escape(line.detail)}</td>'
    return f'<tr>{verdict}<td class="p">{label}</td><td class="n">{size}</td>{detail}</tr>'


def _skipped(report: Content) -> str:
    if not report.skipped:
        return ""
    rows = "".join(
        f'<tr><td class="p">{escape(item.path)}</td>'
        f'<td class="d">{escape(report.reason_text(item))}</td></tr>'
        for item in report.skipped
    )
    head = f'<h4 class="warn">{escape(report.skipped_title)}</h4>'
    return f"{head}<table><tbody>{rows}</tbody></table>"


def _excluded(excluded: dict[str, list[str]]) -> str:
    if not excluded:
        return ""
    rows = "".join(f'<p class="dim">{escape(text)}</p>' for text in excluded_texts(excluded))
    count = sum(len(paths) for paths in excluded.values())
    return f"<details><summary>{count:,} left out by rule</summary>{rows}</details>"
