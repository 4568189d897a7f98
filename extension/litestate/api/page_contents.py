"""The content of a bundle for the page, as its manifest lists it."""

from __future__ import annotations

from .. import packages
from ..bundle import Reader
from ..bundle.manifest import Member
from ..bundle.variable_members import variables_of
from ..host import roots
from ..parts.databases import tables_text
from ..report import Line, Section
from .page_reports import SectionData, section_json


def contents_json(reader: Reader) -> list[SectionData]:
    """Return what is in a verified bundle, part by part; parts without anything are left out."""
    where = roots.detect()
    members = reader.manifest.members

    def label(member: Member) -> str:
        root = where.root(member.root)
        return member.place if root is None else root.show(member.relative)

    def lines(*kinds: str) -> list[Line]:
        return [
            Line(label(it), it.kind, it.size, detail=_detail(it))
            for it in members
            if it.kind in kinds
        ]

    sections = [
        Section("files", lines("file", "directory", "symlink")),
        Section("databases", lines("database")),
        Section("variables", _variables(members)),
        Section("packages", _packages(reader)),
        Section("settings", [Line("settings", "session", 0)] * _has(members, "session")),
    ]
    return [section_json(section) for section in sections if section.lines]


def _has(members: tuple[Member, ...], kind: str) -> bool:
    return any(member.kind == kind for member in members)


def _detail(member: Member) -> str:
    tables = member.details.get("tables")
    return "" if tables is None else tables_text(tables)


def _variables(members: tuple[Member, ...]) -> list[Line]:
    return [
        Line(
            name,
            "variable",
            about["size"],
            detail=", ".join(filter(None, (about["type"], about["text"]))),
        )
        for name, about in variables_of(members).items()
    ]


def _packages(reader: Reader) -> list[Line]:
    """Return the packages that were installed beyond those of the site."""
    member = next((it for it in reader.manifest.members if it.kind == "packages"), None)
    if member is None:
        return []
    document = packages.read(reader.content(member))
    return [
        Line(f"{entry['name']}=={entry['version']}", "package", 0)
        for entry in document.get("added", [])
    ]
