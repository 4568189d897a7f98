"""Verify a bundle, compare it with what is there, and apply it whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from . import installation, names, progress, sqlite
from .browser import unrecorded
from .bundle import Limits, Reader
from .bundle.format import HEAD, is_bundle
from .errors import ApplyError, BundleError, SelectionError
from .groups import variables_of
from .items import Item, Survey
from .loadable import Loadable
from .manifest import KEPT_KINDS, Kind, Member, Skipped
from .missing import unsaved_notes
from .parts import PARTS, Wanted
from .places import Places, Root
from .plan import Plan, Target
from .platform import DRIVE_LIMIT
from .report import Report, Section, outcome_text
from .rules import EXCLUDED, check_foreign, matcher, patterns_of
from .sources import AnySource, open_source
from .survey import StrPath, absolute, paths_of, survey_scope
from .variables.namespace import Choice

_RULES = matcher(EXCLUDED)

_OUTSIDE = "it lies outside of the home folder and the notebook's folder"


@contextmanager
def open_bundle(source: AnySource, limits: Limits | None = None) -> Iterator[tuple[Reader, str]]:
    """Open a bundle wherever it is; what is wrong with it is said with its name.

    Parameters
    ----------
    source : path, URL, bytes or binary file
        Where it is.
    limits : Limits, optional
        What is too much.

    Yields
    ------
    (reader, label)
        Structure and manifest are checked, the members are not yet.
    """
    with ExitStack() as opened:
        # A bundle is no file of the work, wherever it lies.
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
    from .demo_json import as_bundle

    return as_bundle(file, label)


def verify(reader: Reader, label: str) -> None:
    """Check every byte of a bundle, and show how far that has come.

    Raises
    ------
    BundleError
        If it is not as it was written.
    CancelledError
        If the person cancels.
    """
    with progress.shown(f"Checking {label}", reader.total) as reader.advance:
        reader.verify()


@dataclass(frozen=True)
class Chosen:
    """What of a bundle or checkpoint is to be loaded.

    Attributes
    ----------
    paths, exclude
        As for `litestate.load_state`.
    variables : bool, str or sequence of str
        Which variables.
    spared : frozenset of str
        Variables that are neither replaced nor removed.
    partly : bool
        Whether variables that are not stored as they should be fail by themselves, instead of all.
    """

    paths: Sequence[StrPath] | StrPath | None = None
    exclude: Sequence[str] | str = ()
    variables: Choice = False
    spared: frozenset[str] = frozenset()
    partly: bool = False


@unrecorded()
def load_from(
    source: Loadable,
    label: str,
    places: Places,
    chosen: Chosen | None = None,
    *,
    dry_run: bool = False,
    clean: bool = False,
    current: Survey | None = None,
) -> Report:
    """Load a bundle that was verified, or a checkpoint: see `litestate.load_state`.

    Parameters
    ----------
    chosen : Chosen, optional
        What of it; by default all files and databases.
    current : Survey, optional
        What is there now, if that is known: ``clean=True`` removes of this what is not in `source`.
    """
    chosen = chosen or Chosen()
    wanted = _Selection(places, chosen.paths, chosen.exclude)
    targets = wanted.targets(source.manifest.members)
    asked = Wanted(targets, chosen.variables, source.trusted, clean, chosen.spared, chosen.partly)
    plan = Plan(dry_run=dry_run)
    try:
        with progress.shown(f"Loading {label}", source.total) as source.advance:
            found = (current or _survey_again(source, wanted)) if clean else None
            # First: a file may belong where a folder is that goes.
            removed = _remove_others(source, plan, wanted, found) if found else None
            sections = [part.apply(source, asked, plan) for part in PARTS]
        sections += [removed] if removed else []
        if not dry_run:
            plan.commit()
    except OSError as error:
        raise ApplyError(f"Loading {label} failed before anything was changed: {error}") from error
    finally:
        plan.close()
    sections.append(wanted.refused)
    report = Report("", sections, excluded=wanted.left_out, skipped_title="Not loaded")
    report.headline = _headline(report, source, label, dry_run=dry_run)
    report.notes += unsaved_notes(places, {target.path for target in targets})
    variables = variables_of(source.manifest.members)
    if variables and chosen.variables is False:
        what = "1 variable was" if len(variables) == 1 else f"{len(variables)} variables were"
        report.notes.append(f"{what} not asked for: variables=True loads all of them.")
    if count := len(source.manifest.skipped):
        report.notes.append(f"Not in this {source.what}, {count} in all: {_missing(source)}.")
    return report


def replaced_by(source: Loadable, places: Places, chosen: Chosen) -> list[Path]:
    """Return the files that are here and that loading may write.

    Raises
    ------
    SelectionError, ApplyError
        As `load_from` does.
    """
    targets = _Selection(places, chosen.paths, chosen.exclude).targets(source.manifest.members)
    return [it.path for it in targets if it.member.kind != "directory" and it.path.is_file()]


class _Selection:
    """Which members go where, and which stay out."""

    def __init__(
        self,
        places: Places,
        paths: Sequence[StrPath] | StrPath | None,
        exclude: Sequence[str] | str,
    ) -> None:
        self.places = places
        self.patterns = patterns_of(exclude)
        self.refused = Section("not loaded")
        self.left_out: dict[str, list[str]] = {}
        self._spec = matcher(self.patterns)
        self._folders = None if paths is None else [absolute(path) for path in paths_of(paths)]

    def targets(self, members: Iterable[Member]) -> list[Target]:
        """Return the members to load, each with its place.

        Raises
        ------
        SelectionError
            If ``paths`` was given and nothing lies there.
        ApplyError
            If two members belong to one place in this session.
        """
        of_files = (member for member in members if member.kind not in KEPT_KINDS)
        targets = [target for member in of_files if (target := self._target(member))]
        _check_places(targets)
        if self._folders is not None and not targets:
            named = ", ".join(str(folder) for folder in self._folders)
            raise SelectionError(
                f"The bundle holds nothing for paths={named}. Nothing was changed."
            )
        return targets

    def covers(self, path: Path) -> bool:
        """Tell whether ``paths`` takes this path in."""
        return self._folders is None or any(path.is_relative_to(folder) for folder in self._folders)

    def may_remove(self, item: Item) -> bool:
        """Tell whether ``clean=True`` may remove this.

        Outside of the roots only if it is named; and never what the rules leave out, whatever the
        bundle says of the patterns that it was made with.
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
            # A bundle from a stranger must not choose where on this machine it writes.
            return _OUTSIDE, f"To load it: paths=[{str(root.target(member.relative))!r}]."
        if root.on_drive and (problem := _drive_problem(member, root)):
            return problem, "`python -m litestate extract` unpacks it elsewhere."
        if installation.is_inside(root.target(member.relative).parent):
            return "Python's own packages are there", "`litestate extract` unpacks it elsewhere."
        if owner := _owner_here(root.target(member.relative)):
            return f"SQLite would replay it into {owner}", "Remove that database first."
        if os.name == "nt" and (problem := names.windows_problem(member.relative)):
            return f"its name {problem}", "Load it on another system."
        return None


def _drive_problem(member: Member, root: Root) -> str | None:
    if root.is_unmended and member.size > DRIVE_LIMIT:
        return "it is too large for the notebook's folder"
    if root.is_unmended and "%" in member.relative:
        # The drive decodes it: another name would be written, and some names hang the kernel.
        return "the notebook's folder cannot keep a name with '%'"
    return "the notebook's folder cannot keep links" if member.kind == "symlink" else None


def _owner_here(path: Path) -> str | None:
    """Return the name of the database that is here and would take this file for its journal."""
    for suffix in sqlite.SIDECARS:
        owner = path.with_name(path.name.removesuffix(suffix) or path.name)
        if path.name.endswith(suffix) and owner != path and owner.is_file():
            return owner.name if sqlite.is_database(owner, owner.stat().st_size) else None
    return None


def _check_places(targets: Iterable[Target]) -> None:
    """Refuse two files for one place, as where home and notebook are one folder."""
    taken: dict[Path, Target] = {}
    for target in targets:
        other = taken.setdefault(target.path, target)
        if other is not target and "directory" not in (other.member.kind, target.member.kind):
            raise ApplyError(
                f"{other.member.place} and {target.member.place} belong to one place here, "
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
    """Tell whether a folder must go because something else belongs in its place."""
    return item.kind == "directory" != kind


def warn_of_connections(section: Section) -> None:
    """Say what removing a database means for who has it open."""
    removed = [line.label for line in section.lines if line.kind == "database"]
    if removed:
        section.warnings.append(
            f"Connections that are open to {', '.join(removed)} are of no use now: connect again."
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
