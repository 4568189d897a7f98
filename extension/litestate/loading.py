"""Verify a bundle, compare it with what is there, and apply it whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from . import names
from .bundle import Reader
from .errors import SelectionError
from .manifest import Member, Skipped
from .parts import PARTS
from .places import Places, Root
from .plan import Plan, Target
from .report import Report, Section
from .rules import matcher
from .survey import StrPath, absolute, survey_scope

_VERDICTS = ("added", "changed", "removed", "unchanged")


def load_from(
    reader: Reader,
    label: str,
    places: Places,
    paths: Sequence[StrPath] | StrPath | None = None,
    exclude: Sequence[str] | str = (),
    *,
    dry_run: bool = False,
    clean: bool = False,
) -> Report:
    """Load a verified bundle: see `litestate.load_state`."""
    wanted = _Selection(places, paths, exclude)
    targets = wanted.targets(reader.manifest.members)
    plan = Plan(dry_run=dry_run)
    try:
        sections = [part.apply(reader, targets, plan) for part in PARTS]
        if clean:
            sections.append(_remove_others(reader, plan, wanted))
        if not dry_run:
            plan.commit()
    finally:
        plan.close()
    report = Report("", [*sections, wanted.refused], excluded=wanted.left_out)
    report.digest = reader.manifest.content_digest
    report.headline = _headline(report, label, dry_run=dry_run)
    if count := len(reader.manifest.skipped):
        report.notes.append(
            f"{count} could not be saved when this bundle was made: {_names(reader)}."
        )
    return report


class _Selection:
    """Which members go where, and which stay out."""

    def __init__(
        self,
        places: Places,
        paths: Sequence[StrPath] | StrPath | None,
        exclude: Sequence[str] | str,
    ) -> None:
        self.places = places
        self.patterns = (exclude,) if isinstance(exclude, str) else tuple(exclude)
        self.refused = Section("not loaded")
        self.left_out: dict[str, list[str]] = {}
        self._spec = matcher(self.patterns)
        self._folders = _absolute(paths)

    def targets(self, members: Iterable[Member]) -> list[Target]:
        """Return the members to load, each with its place.

        Raises
        ------
        SelectionError
            If ``paths`` was given and nothing lies there.
        """
        targets = [target for member in members if (target := self._target(member))]
        if self._folders is not None and not targets:
            named = ", ".join(str(folder) for folder in self._folders)
            raise SelectionError(
                f"The bundle holds nothing for paths={named}. Nothing was changed."
            )
        return targets

    def covers(self, path: Path) -> bool:
        """Tell whether ``paths`` takes this path in."""
        return self._folders is None or any(path.is_relative_to(folder) for folder in self._folders)

    def _target(self, member: Member) -> Target | None:
        root = self.places.root(member.root)
        if root is None:
            self._refuse(
                member,
                member.name,
                f"this session has no folder {member.root!r}",
                "Use a newer litestate.",
            )
            return None
        target = Target(member, root)
        if not self.covers(target.path):
            return None
        if reason := self._reason(member, root):
            self._refuse(member, target.label, *reason)
            return None
        verdict = self._spec.check_file(member.relative + "/" * (member.kind == "directory"))
        if verdict.include and verdict.index is not None:
            self.left_out.setdefault(self.patterns[verdict.index], []).append(target.label)
            return None
        return target

    def _refuse(self, member: Member, label: str, reason: str, advice: str) -> None:
        self.refused.skipped.append(Skipped(label, reason, advice, member.place))

    def _reason(self, member: Member, root: Root) -> tuple[str, str] | None:
        if root.is_anywhere and self._folders is None:
            # A bundle from a stranger must not choose where on this machine it writes.
            top = "/" + "/".join(member.relative.split("/")[:2])
            return (
                "it lies outside of the home folder and the notebook's folder",
                f"To load it: paths=[{top!r}, …].",
            )
        if os.name == "nt" and (problem := names.windows_problem(member.relative)):
            return f"its name {problem}", "Load it on another system."
        return None


def _absolute(paths: Sequence[StrPath] | StrPath | None) -> list[Path] | None:
    if paths is None:
        return None
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    return [absolute(path) for path in given]


def _remove_others(reader: Reader, plan: Plan, wanted: _Selection) -> Section:
    manifest = reader.manifest
    current = survey_scope(wanted.places, manifest.scope, wanted.patterns)
    known = {member.place for member in manifest.members}
    known |= {skipped.place for skipped in manifest.skipped}
    section = Section("removed")
    section.lines = plan.remove_all(
        [item for item in current.items if item.place not in known and wanted.covers(item.path)]
    )
    return section


def _headline(report: Report, label: str, *, dry_run: bool) -> str:
    counts = [
        f"{len(lines):,} {verdict}" for verdict in _VERDICTS if (lines := report.lines(verdict))
    ]
    text = ", ".join(counts) or "nothing in it to load"
    text = f"{label} would change this: {text}" if dry_run else f"Loaded {label}: {text}"
    return f"{text}; {len(report.skipped)} not loaded" if report.skipped else text


def _names(reader: Reader) -> str:
    skipped = reader.manifest.skipped
    return ", ".join(item.path for item in skipped[:3]) + (" …" if len(skipped) > 3 else "")
