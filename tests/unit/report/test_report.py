"""Reports as text and HTML."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import sys
from html.parser import HTMLParser

import litestate
import pytest
from litestate import show_state
from litestate.report import Line, Report, Section
from sessions import Session, make_database


class Tags(HTMLParser):
    """A parser that collects the tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_report_in_text_and_html(session: Session) -> None:
    (session.home / "<b>bold & brave.txt").write_text("x" * 1500)
    (session.home / "out").symlink_to("/etc")
    (session.home / "note.tmp").touch()
    make_database(session.home / "app.db")
    report = show_state()
    text, html = str(report), report._repr_html_()
    for part in ("1 database, 1 file", "1.5 kB", "runs: 10 rows", "~/out", "leads out", "*.tmp"):
        assert part in text
        assert part in html
    assert "<b>bold & brave.txt" in text
    assert "&lt;b&gt;bold &amp; brave.txt" in html
    page = Tags(html)
    assert not page.open
    assert "script" not in page.tags
    assert not [name for name in page.attributes if name.startswith("on")]


def test_long_lists_are_folded() -> None:
    lines = [Line(f"~/{number}", "file", 1) for number in range(40)]
    report = Report("x", [Section("files", lines)])
    assert "… and 32 more" in str(report)
    assert "<details><summary>32 more</summary>" in report._repr_html_()


def test_one_line_alone_is_not_folded() -> None:
    lines = [Line(f"~/{number}", "file", 1) for number in range(9)]
    assert "more" not in Report("x", [Section("files", lines)])._repr_html_()


def test_temporary_facts_are_hidden_later() -> None:
    report = Report("Autosave is on", later="Autosave was turned on at noon")
    page = report._repr_html_()
    now, later = (page.index(text) for text in (report.headline, report.later))
    assert "hidden" in page[page.rindex("<p", 0, now) : now]
    assert "hidden" not in page[page.rindex("<p", 0, later) : later]
    assert str(report) == "Autosave is on"
    assert report._text_for_later() == "Autosave was turned on at noon"


def test_the_note_about_a_link_is_shown_only_while_its_kernel_lives() -> None:
    report = Report("x", notes=["kept"], link='<a href="blob:x">Download x</a>')
    page = report._repr_html_()
    note = page.index(report.link_note)
    assert page[page.rindex("<p", 0, note) : note] == '<p class="dim litestate-now" hidden>'
    assert report.link_note in str(report)
    later = report._text_for_later()
    assert report.link_note not in later and "kept" in later
    for shown in (str(Report("x")), Report("x")._repr_html_()):
        assert report.link_note not in shown


def test_a_link_is_hidden_if_its_kernel_may_have_ended() -> None:
    page = Report("x", link='<a href="blob:x">Download x</a>')._repr_html_()
    at = page.index("<a ")
    assert page[page.rindex("<p", 0, at) : at].endswith(" hidden>")
    assert "worked until the kernel ended" in page


def test_a_narrow_report_is_stacked() -> None:
    page = Report("x", [Section("files", [Line("a", "file", 1)])])._repr_html_()
    assert "container-type: inline-size" in page
    assert "@container" in page


def test_control_characters_do_not_reach_the_terminal() -> None:
    report = Report("x", [Section("files", [Line("a\x1b[31m\nb", "file", 1)])])
    assert r"a\x1b[31m\nb" in str(report)
    assert "\x1b" not in report._repr_html_()


@pytest.mark.parametrize("name", ["bundle.zip", "bundle.litestate.zip", "bundle"])
def test_names_of_bundles(name: str) -> None:
    from litestate.state.bundle_files import bundle_name

    assert bundle_name(name).startswith("bundle")
    assert bundle_name(name).count(".zip") == 1


NEED_THE_BROWSER = {"browser", "browser_files", "front_end"}
MODULES = [
    module.name
    for module in pkgutil.walk_packages(litestate.__path__, "litestate.")
    if not module.name.endswith("__main__")
    and (sys.platform == "emscripten" or not NEED_THE_BROWSER & {*module.name.split(".")})
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
