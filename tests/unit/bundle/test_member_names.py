"""Member names in bundles: which are allowed, and which links stay inside."""

from __future__ import annotations

import pytest
from litestate.bundle import member_names
from litestate.errors import UnsafeBundleError

BAD = {
    "absolute": "/etc/passwd",
    "parent": "files/home/../../etc/passwd",
    "parent at the end": "files/home/..",
    "here": "files/./home/a",
    "empty part": "files//home/a",
    "empty": "",
    "drive letter": "files/home/C:/a",
    "drive-relative": "C:a",
    "UNC": "\\\\server\\share\\a",
    "backslash": "files/home/..\\..\\a",
    "NUL": "files/home/a\0b",
    "line feed": "files/home/a\nb",
    "escape": "files/home/\x1b[31m",
    "C1 control": "files/home/\x9b31m",
    "device": "files/home/NUL",
    "device with suffix": "files/home/con.txt",
    "device with space": "files/home/aux .txt",
    "superscript device": "files/home/COM¹",
    "lone surrogate": "files/home/\ud800",
    "too long": "files/home/" + "a" * member_names.MAX_NAME_BYTES,
}


@pytest.mark.parametrize("name", BAD.values(), ids=BAD.keys())
def test_refused_member_names(name: str) -> None:
    with pytest.raises(UnsafeBundleError, match="before anything was changed"):
        member_names.check(name)


@pytest.mark.parametrize(
    "name",
    [
        "files/home/notes.txt",
        "files/home/folder/",
        "files/home/Übersicht – 2026/été.csv",
        "files/home/100% & more; #1.txt",
        "files/home/...",
        "files/home/.hidden",
        "files/home/🐍.py",
        "files/home/console.txt",
    ],
)
def test_allowed_member_names(name: str) -> None:
    member_names.check(name)


def test_names_that_collide_on_some_systems() -> None:
    assert member_names.fold("files/home/A.txt") == member_names.fold("files/home/a.TXT")
    assert member_names.fold("files/home/e\u0301") == member_names.fold("files/home/\u00e9")
    assert member_names.fold("files/home/a/") == member_names.fold("files/home/a")
    assert member_names.fold("files/home/a") != member_names.fold("files/home/b")


@pytest.mark.parametrize(
    ("relative", "target"),
    [
        ("link", "/etc/passwd"),
        ("link", "../outside"),
        ("a/link", "../../outside"),
        ("a/link", "b/../../../outside"),
        ("link", "through/.."),
        ("link", "C:\\Windows"),
        ("link", "..\\outside"),
        ("link", ""),
        ("link", "a\0b"),
    ],
)
def test_links_that_lead_out(relative: str, target: str) -> None:
    assert member_names.link_problem(relative, target)


@pytest.mark.parametrize(
    ("relative", "target"), [("link", "file"), ("a/b/link", "../../c/file"), ("link", "missing/x")]
)
def test_links_that_stay_inside(relative: str, target: str) -> None:
    assert member_names.link_problem(relative, target) is None
