"""The walk through the roots: it applies the ignore rules and finds the databases.

It reads only folders and the first bytes of files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from .. import sqlite
from ..bundle.manifest import Kind, Scope, Skipped
from ..bundle.member_names import MAX_PARTS, MemberNames, path_problem, readable
from ..bundle.zip_format import HEAD, is_bundle_file
from ..host.roots import Root, Roots
from .ignore import EXCLUDED, matcher
from .stat_cache import StatCache
from .survey_items import Entry, Item, Survey, WrittenPaths, link_target, parents

UNCHANGED = "unchanged since the kernel started (to save them as well: include=[…])"
"""Rule for files in the notebook's folder that are older than the kernel: mostly the site's own."""

UNWRITTEN = "neither written nor read by a notebook (to save them as well: include=[…])"
"""Rule for files that were uploaded into the notebook's folder, or came with the site. It applies
where the files that notebooks wrote are known. The others are not listed: each would be a request
to the page."""

_REST = "everything else in the notebook's folder"

BUNDLES = "litestate bundles"
"""Rule for bundles: with each bundle in the next one, the size would double every time."""

_OPEN = "it is open, and JupyterLite stores a file of the notebook's folder only on closing"


class Walk:
    """One walk through the roots, which results in a `Survey`.

    Parameters
    ----------
    places : Roots
        The root folders.
    scope : Scope
        The user's paths and patterns.
    cache : StatCache, optional
        Results of earlier walks with the same scope.
    """

    def __init__(self, places: Roots, scope: Scope, cache: StatCache | None = None) -> None:
        self._cache = cache
        self._patterns = (*EXCLUDED, *scope.exclude)
        self._spec = matcher(self._patterns)
        self._found = Survey(scope)
        self._seen: set[str] = set()
        self._named = False
        self._scans_all = True
        self._written: dict[str, WrittenPaths] = {}
        self._roots = {os.fspath(root.path) for root in places.roots}

    def run(
        self,
        starts: Iterable[tuple[Root, str]],
        *,
        named: bool,
        also: Iterable[tuple[Root, str]] = (),
        include: Iterable[tuple[Root, str]] = (),
    ) -> Survey:
        """Visit folders and files.

        On a mended drive, only files that notebooks have written are visited, and named paths.

        Parameters
        ----------
        starts : iterable of (Root, str)
            The starts: a root and a path below it.
        named : bool
            Whether the user named them; then they are state at any age.
        also : iterable of (Root, str)
            Paths that are known to be written; they are state at any age, unless a rule excludes
            them.
        include : iterable of (Root, str)
            Files and folders that are state in spite of all rules.
        """
        written, included = list(also), list(include)
        self._scans_all = self._named = True
        for root, relative in included:
            self._visit(Entry.at(root, relative))
        self._scans_all = named
        # Before the starts, which would exclude old ones.
        for root, relative in written:
            self._visit_written(root, relative)
        self._named = named
        for root, relative in starts:
            entry = Entry.at(root, relative)
            if relative:
                self._visit(entry)
            elif entry.path.is_dir():
                self._visit_content(entry)
                if self._lists_written_only(root):
                    self._found.excluded.setdefault(UNWRITTEN, []).append(_REST)
        self._named = True
        taken = self._visit_read()
        for root, relative in (*written, *included, *taken):
            self._add_above(root, relative)
        self._found.items.sort(key=lambda item: (item.root.name, item.relative.split("/")))
        self._skip_invalid_names()
        return self._found

    def _visit_written(self, root: Root, relative: str) -> None:
        entry = Entry.at(root, relative, relative)
        if os.path.lexists(entry.location):
            self._visit(entry)

    def _visit_read(self) -> list[tuple[Root, str]]:
        """Visit files that were only read, and return those that are state; see `ReadWalk`."""
        return []

    def _lists_written_only(self, root: Root) -> bool:
        """Tell whether only files that notebooks have written are visited below a root."""
        return root.mended is not None and not self._scans_all

    def _written_below(self, root: Root) -> WrittenPaths:
        if root.name not in self._written:
            assert root.mended is not None
            self._written[root.name] = WrittenPaths(root.below(root.mended.written()))
        return self._written[root.name]

    def _add_above(self, root: Root, relative: str) -> None:
        """Add the parent folders of an entry that was visited outside of the starts."""
        if os.fspath(root.target(relative)) not in self._seen:
            return
        for parent in parents(relative):
            above = Entry.at(root, parent, parent)
            if above.location not in self._seen:
                self._seen.add(above.location)
                self._add(above, "directory", os.lstat(above.location))

    def _skip_invalid_names(self) -> None:
        """Skip items with names that a bundle cannot hold."""
        found = [item.member for item in self._found.items]
        if self._cache and found == self._cache.fit:
            return
        taken, fit = MemberNames(), []
        for item in self._found.items:
            problem = path_problem(item.member) or taken.problem(item.member, item.kind)
            if problem:
                reason = f"its name {problem}"
                self._found.skipped.append(Skipped(item.label, reason, "Rename it.", item.place))
            else:
                taken.add(item.member, item.kind)
                fit.append(item)
        if self._cache:
            self._cache.fit = found if len(fit) == len(found) else None
        self._found.items = fit

    def _visit_content(self, entry: Entry) -> bool:
        """Visit the entries of a folder; tell whether any of them is state."""
        try:
            found = self._names_in(entry)
        except OSError as error:
            self._skip_unreadable(entry, "be listed", error)
            return False
        visited = [self._visit(entry.child(name)) for name in found]
        return any(visited)

    def _names_in(self, entry: Entry) -> list[str]:
        if self._lists_written_only(entry.root):
            return sorted(self._written_below(entry.root).names(entry.relative))
        with os.scandir(entry.location) as entries:
            return sorted(each.name for each in entries)

    def _visit(self, entry: Entry) -> bool:
        if entry.location in self._seen:
            return True
        # Before anything else: opening one of these would drop locks, as with the database itself.
        if entry.location.endswith(sqlite.SIDECARS) and sqlite.is_sidecar(entry.path):
            return False
        try:
            status = os.lstat(entry.location)
        except OSError as error:
            self._skip_unreadable(entry, "be read", error)
            return False
        is_folder = stat.S_ISDIR(status.st_mode)
        # Another root has its own start.
        if entry.location in self._roots or self._is_excluded(entry, is_folder=is_folder):
            return False
        self._seen.add(entry.location)
        return self._visit_folder(entry, status) if is_folder else self._visit_leaf(entry, status)

    def _visit_folder(self, entry: Entry, status: os.stat_result) -> bool:
        if entry.relative.count("/") >= MAX_PARTS:
            self._skip(entry, f"it lies more than {MAX_PARTS} folders deep", "Move it up.")
            return False
        has_state = self._visit_content(entry)
        wanted = has_state or not self._rule_of_age(entry, status)
        if wanted:
            self._add(entry, "directory", status)
        return wanted

    def _visit_leaf(self, entry: Entry, status: os.stat_result) -> bool:
        if rule := self._rule_of_age(entry, status):
            self._exclude(entry, rule)
            return False
        if self._cache and (item := self._cache.recall(entry.location, status)):
            self._found.items.append(item)
            return True
        if stat.S_ISLNK(status.st_mode):
            return self._add_link(entry, status)
        if not stat.S_ISREG(status.st_mode):
            reason = "it is a device, a pipe or a socket"
            self._skip(entry, reason, "Only files, folders and links are saved.")
            return False
        return self._add_file(entry, status)

    def _add_file(self, entry: Entry, status: os.stat_result) -> bool:
        if entry.root.is_open(entry.path):
            self._found.unread.append(entry.place)
            self._skip(entry, _OPEN, "Close it and save again, or keep it in the home folder (~).")
            return False
        kind: Kind = "file"
        try:
            if sqlite.is_database(entry.path, status.st_size):
                kind = "database"
            elif entry.base and status.st_size >= HEAD and is_bundle_file(entry.path):
                self._exclude(entry, BUNDLES)
                return False
        except OSError as error:
            self._skip_unreadable(entry, "be read", error)
            return False
        self._add(entry, kind, status)
        return True

    def _add_link(self, entry: Entry, status: os.stat_result) -> bool:
        target = link_target(entry.root, entry.relative, os.fspath(entry.path.readlink()))
        if target is None:
            reason = "it is a link that leads out of what is saved"
            self._skip(entry, reason, "Copy what it points to.")
            return False
        self._add(entry, "symlink", status, target)
        return True

    def _add(self, entry: Entry, kind: Kind, status: os.stat_result, target: str = "") -> None:
        size = status.st_size if kind in ("file", "database") else 0
        mode = stat.S_IMODE(status.st_mode)
        item = Item(
            entry.root, entry.relative, entry.path, kind, size, mode, status.st_mtime_ns, target
        )
        self._found.items.append(item)
        if self._cache:
            self._cache.store(entry.location, status, item)

    def _skip_unreadable(self, entry: Entry, what: str, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return  # It was removed in the meantime.
        self._found.unread.append(entry.place)
        self._skip(entry, f"it cannot {what} ({error.strerror})", "Check its permissions.")

    def _skip(self, entry: Entry, reason: str, advice: str) -> None:
        place = f"{entry.root.name}/{readable(entry.relative)}"
        self._found.skipped.append(Skipped(entry.label, reason, advice, place))

    def _exclude(self, entry: Entry, rule: str) -> None:
        self._found.excluded.setdefault(rule, []).append(entry.label)

    def _is_excluded(self, entry: Entry, *, is_folder: bool) -> bool:
        # A start is wanted in spite of the rules, as with `git add -f`.
        if not entry.base:
            return False
        name = entry.base + "/" * is_folder
        index = self._cache.rule(name) if self._cache else None
        if index is None:
            verdict = self._spec.check_file(name)
            index = -1 if not verdict.include or verdict.index is None else verdict.index
            if self._cache:
                self._cache.store_rule(name, index)
        if index < 0:
            return False
        self._exclude(entry, self._patterns[index])
        return True

    def _rule_of_age(self, entry: Entry, status: os.stat_result) -> str | None:
        """Return the rule that excludes an entry which this kernel has not written, or None."""
        if self._named:
            return None
        if self._lists_written_only(entry.root):
            return None if entry.relative in self._written_below(entry.root) else UNWRITTEN
        since = entry.root.modified_since
        return UNCHANGED if since is not None and status.st_mtime < since else None
