"""Loading: verify a bundle, compare it with the present state, and apply all of it or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import IO

from .. import sqlite
from ..browser import unrecorded
from ..bundle import Limits, Reader, member_names
from ..bundle.manifest import KERNEL_KINDS, Kind, Member, Skipped
from ..bundle.variable_members import variables_of
from ..bundle.zip_format import HEAD, is_bundle
from ..errors import ApplyError, BundleError, SelectionError
from ..files.ignore import EXCLUDED, check_foreign, matcher, patterns_of
from ..files.survey import absolute, paths_of, survey_scope
from ..files.survey_items import Item, Survey
from ..host.installed_modules import is_module_path
from ..host.roots import Root, Roots
from ..parts import PARTS, Loadable, LoadRequest
from ..platform import DRIVE_LIMIT
from ..report import Report, Section, outcome_text
from ..shell import progress
from ..transaction.plan import Plan, Target
from .bundle_files import AnySource, open_source
from .missing_files import unsaved_notes

_RULES = matcher(EXCLUDED)

_OUTSIDE = "it lies outside of the home folder and the notebook's folder"


@contextmanager
def open_bundle(source: AnySource, limits: Limits | None = None) -> Iterator[tuple[Reader, str]]:
    """Open a bundle from any source; errors name it.

    Parameters
    ----------
    source : path, URL, bytes or binary file
        The bundle.
    limits : Limits, optional
        Limits on its size.

    Yields
    ------
    (reader, label)
        The opened bundle, of which structure and manifest are verified, and its name in messages.
    """
    with ExitStack() as opened:
        # The bundle is not a file that the notebook uses.
        with unrecorded():
            file, label = opened.enter_context(open_source(source))
        try:
            with _as_bundle(file, label) as bundle:
                yield Reader(bundle, limits=limits), label
        except BundleError as error:
            raise type(error)(f"{label}: {error}") from error


def _as_bundle(file: IO[bytes], label: str) -> AbstractContextManager[IO[bytes]]:
    is_ours = is_bundle(file.read(HEAD))
    file.seek(0)
    if is_ours:
        return nullcontext(file)
    from ..demo_json import as_bundle

    return as_bundle(file, label)


def verify(reader: Reader, label: str) -> None:
    """Verify every byte of a bundle, with a progress bar.

    Raises
    ------
    BundleError
        If the bundle is damaged.
    CancelledError
        If the user cancels.
    """
    with progress.shown(f"Checking {label}", reader.total) as reader.advance:
        reader.verify()


@unrecorded()
def load_from(
    source: Loadable,
    label: str,
    places: Roots,
    wanted: LoadRequest | None = None,
    *,
    current: Survey | None = None,
) -> Report:
    """Load a bundle that was verified, or a checkpoint: see `litestate.load_state`.

    Parameters
    ----------
    source : Loadable
        The bundle or checkpoint.
    label : str
        Its name in messages.
    places : Roots
        The root folders of the session.
    wanted : LoadRequest, optional
        What to load; by default all files and databases.
    current : Survey, optional
        The present state, if a scan has just found it: ``clean=True`` removes of this what is not
        in `source`, and its variables are not encoded again.
    """
    wanted = wanted or LoadRequest()
    selection = _Selection(places, wanted)
    wanted = replace(
        wanted,
        targets=selection.targets(source.manifest.members),
        trusted=source.trusted,
        here=None if current is None else current.taken,
    )
    plan = Plan(dry_run=wanted.dry_run)
    try:
        with progress.shown(f"Loading {label}", source.total) as source.advance:
            found = (current or _survey_again(source, selection)) if wanted.clean else None
            # Removal comes first: a file may belong where a folder is.
            removed = _remove_others(source, plan, selection, found) if found else None
            sections = [part.apply(source, wanted, plan) for part in PARTS]
        sections += [removed] if removed else []
        if not wanted.dry_run:
            plan.commit()
    except OSError as error:
        raise ApplyError(f"Loading {label} failed before anything was changed: {error}") from error
    finally:
        plan.close()
    sections.append(selection.refused)
    report = Report("", sections, excluded=selection.left_out, skipped_title="Not loaded")
    report.headline = _headline(report, source, label, dry_run=wanted.dry_run)
    report.notes += unsaved_notes(places, {target.path for target in wanted.targets})
    variables = variables_of(source.manifest.members)
    if variables and wanted.variables is False:
        what = "1 variable was" if len(variables) == 1 else f"{len(variables)} variables were"
        report.notes.append(f"{what} not loaded: variables=True loads all of them.")
    if count := len(source.manifest.skipped):
        report.notes.append(f"Not in this {source.what}, {count} in all: {_missing(source)}.")
    return report


def replaced_by(source: Loadable, places: Roots, wanted: LoadRequest) -> list[Path]:
    """Return the existing files that loading may overwrite.

    Raises
    ------
    SelectionError, ApplyError
        As `load_from` does.
    """
    targets = _Selection(places, wanted).targets(source.manifest.members)
    return [it.path for it in targets if it.member.kind != "directory" and it.path.is_file()]


class _Selection:
    """Selection of the members to load, with the reasons for those that are left out."""

    def __init__(self, places: Roots, wanted: LoadRequest) -> None:
        self.places = places
        self.patterns = patterns_of(wanted.exclude)
        self.refused = Section("not loaded")
        self.left_out: dict[str, list[str]] = {}
        self._spec = matcher(self.patterns)
        self._folders = (
            None if wanted.paths is None else [absolute(path) for path in paths_of(wanted.paths)]
        )

    def targets(self, members: Iterable[Member]) -> list[Target]:
        """Return the members to load, each with its path here.

        Raises
        ------
        SelectionError
            If ``paths`` selects no member.
        ApplyError
            If two members belong to one place in this session.
        """
        of_files = (member for member in members if member.kind not in KERNEL_KINDS)
        targets = [target for member in of_files if (target := self._target(member))]
        _check_places(targets)
        if self._folders is not None and not targets:
            named = ", ".join(str(folder) for folder in self._folders)
            raise SelectionError(
                f"The bundle holds nothing for paths={named}. Nothing was changed."
            )
        return targets

    def covers(self, path: Path) -> bool:
        """Tell whether ``paths`` selects a path."""
        return self._folders is None or any(path.is_relative_to(folder) for folder in self._folders)

    def may_remove(self, item: Item) -> bool:
        """Tell whether ``clean=True`` may remove an item.

        Items outside of the roots must be named. Items that the standard rules exclude are never
        removed, whatever patterns the bundle was made with.
        """
        if item.root.is_anywhere and self._folders is None:
            return False
        is_left_out = _RULES.match_file(item.relative + "/" * (item.kind == "directory"))
        return not is_left_out and self.covers(item.path)

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
            # An unknown bundle must not choose where on this computer it writes.
            return _OUTSIDE, f"To load it: paths=[{str(root.target(member.relative))!r}]."
        if root.on_drive and (problem := _drive_problem(member, root)):
            return problem, "`python -m litestate extract` unpacks it elsewhere."
        if is_module_path(root.target(member.relative).parent):
            return "Python's own packages are there", "`litestate extract` unpacks it elsewhere."
        if owner := _owner_here(root.target(member.relative)):
            return f"SQLite would replay it into {owner}", "Remove that database first."
        if os.name == "nt" and (problem := member_names.windows_problem(member.relative)):
            return f"its name {problem}", "Load it on another system."
        return None


def _drive_problem(member: Member, root: Root) -> str | None:
    if root.is_unmended and member.size > DRIVE_LIMIT:
        return "it is too large for the notebook's folder"
    if root.is_unmended and "%" in member.relative:
        # The drive decodes it: the name would change, and some names hang the kernel.
        return "the notebook's folder cannot store a name with '%'"
    return "the notebook's folder cannot store links" if member.kind == "symlink" else None


def _owner_here(path: Path) -> str | None:
    """Return the name of the existing database whose journal this file would be."""
    for suffix in sqlite.SIDECARS:
        owner = path.with_name(path.name.removesuffix(suffix) or path.name)
        if path.name.endswith(suffix) and owner != path and owner.is_file():
            return owner.name if sqlite.is_database(owner, owner.stat().st_size) else None
    return None


def _check_places(targets: Iterable[Target]) -> None:
    """Refuse two files for one path, as if home and notebook are one folder."""
    taken: dict[Path, Target] = {}
    for target in targets:
        other = taken.setdefault(target.path, target)
        if other is not target and "directory" not in (other.member.kind, target.member.kind):
            raise ApplyError(
                f"{other.member.place} and {target.member.place} have the same path here, "
                f"{target.label}. Nothing was changed. Load one of them with paths= or exclude=, "
                "or extract the bundle with `python -m litestate extract`."
            )


def _survey_again(source: Loadable, wanted: _Selection) -> Survey:
    scope = source.manifest.scope
    check_foreign(scope.exclude)
    return survey_scope(wanted.places, scope, wanted.patterns)


def _remove_others(source: Loadable, plan: Plan, wanted: _Selection, current: Survey) -> Section:
    manifest = source.manifest
    known = {member.place: member.kind for member in manifest.members}
    unknown = tuple(f"{skipped.place.rstrip('/')}/" for skipped in manifest.skipped)
    section = Section("removed")
    others = [
        item
        for item in current.items
        if not f"{item.place}/".startswith(unknown)
        and (item.place not in known or _is_other_kind(item, known[item.place]))
        and wanted.may_remove(item)
    ]
    lines = plan.remove_all(others)
    replaced = {item.label for item in others if item.place in known}
    section.lines = [line for line in lines if line.label not in replaced]
    if not plan.dry_run:
        warn_of_connections(section)
    return section


def _is_other_kind(item: Item, kind: Kind) -> bool:
    """Tell whether a folder is in the way of something else, or the other way round."""
    return item.kind == "directory" != kind


def warn_of_connections(section: Section) -> None:
    """Warn that open connections to removed databases are useless."""
    removed = [line.label for line in section.lines if line.kind == "database"]
    if removed:
        section.warnings.append(
            f"Open connections to {', '.join(removed)} no longer work: connect again."
        )


def _headline(report: Report, source: Loadable, label: str, *, dry_run: bool) -> str:
    text = outcome_text(report.lines()) or "nothing"
    same = all(line.verdict == "unchanged" for line in report.lines())
    if dry_run:
        text = f"{label} would change {'nothing' if same else 'this'}: {text}"
    else:
        text = f"{source.verb} {label}: {text}"
    return f"{text}; {len(report.skipped)} not loaded" if report.skipped else text


def _missing(source: Loadable) -> str:
    by_reason: dict[str, list[str]] = {}
    for item in source.manifest.skipped:
        by_reason.setdefault(item.reason, []).append(item.path)
    groups = [
        f"{', '.join(paths[:3])}{', …' if len(paths) > 3 else ''} ({reason})"
        for reason, paths in by_reason.items()
    ]
    return "; ".join(groups)
