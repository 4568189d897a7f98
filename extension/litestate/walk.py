"""Walk the roots, apply the rules, and tell files from databases.

Nothing is read here but folders and the first bytes of files.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from . import names, sqlite
from .bundle.format import HEAD, is_bundle
from .items import Item, Survey, parents
from .manifest import Kind, Scope, Skipped
from .memory import Memory
from .places import Places, Root
from .rules import EXCLUDED, matcher
from .spots import Spot, head_of, is_sidecar, link_target
from .written import Written

UNCHANGED = "unchanged since the kernel started (to save them as well: include=[…])"
"""Rule for what stands untouched in the notebook's folder: most of it came with the site."""

UNWRITTEN = "neither written nor read by a notebook (to save them as well: include=[…])"
"""Rule for what was uploaded into the notebook's folder, or came with the site, where it is known
what notebooks have written. Nobody looks what that is: every file would be a request to the
page."""

_REST = "what else is in the notebook's folder"

BUNDLES = "litestate bundles"
"""Rule for bundles: saving a bundle into the next one would double it each time."""

_OPEN = "it is open, and JupyterLite stores a file of the notebook's folder when it is closed"


class Walk:
    """One survey under way.

    Parameters
    ----------
    places : Places
        The root folders.
    scope : Scope
        Where to look, and the user's patterns.
    memory : Memory, optional
        What an earlier walk with the same scope found out.
    """

    def __init__(self, places: Places, scope: Scope, memory: Memory | None = None) -> None:
        self._memory = memory or Memory()
        self._patterns = (*EXCLUDED, *scope.exclude)
        self._spec = matcher(self._patterns)
        self._found = Survey(scope)
        self._seen: set[str] = set()
        self._named = False
        self._goes_through_all = True
        self._written: dict[str, Written] = {}
        self._roots = {os.fspath(root.path) for root in places.roots}

    def run(
        self,
        starts: Iterable[tuple[Root, str]],
        *,
        named: bool,
        also: Iterable[tuple[Root, str]] = (),
        include: Iterable[tuple[Root, str]] = (),
    ) -> Survey:
        """Look at these folders and files.

        Of a drive that was mended only what notebooks have written is looked at, unless it is
        named.

        Parameters
        ----------
        starts : iterable of (Root, str)
            Where to begin: a root and a path below it.
        named : bool
            Whether somebody named them: then they are state however old they are.
        also : iterable of (Root, str)
            What is known to have been written, however old it is; the rules hold for it.
        include : iterable of (Root, str)
            Files and folders that are state as well, whatever the rules say.
        """
        written, included = list(also), list(include)
        self._goes_through_all = self._named = True
        for root, relative in included:
            self._visit(Spot(root, relative, os.fspath(root.target(relative))))
        self._goes_through_all = named
        # First: the walk itself may find them too old.
        for root, relative in written:
            self._visit_written(root, relative)
        self._named = named
        for root, relative in starts:
            spot = Spot(root, relative, os.fspath(root.target(relative)))
            if relative:
                self._visit(spot)
            elif spot.path.is_dir():
                self._enter(spot)
                if self._is_by_writing(root):
                    self._found.excluded.setdefault(UNWRITTEN, []).append(_REST)
        self._named = True
        taken = self._visit_read()
        for root, relative in (*written, *included, *taken):
            self._add_above(root, relative)
        self._found.items.sort(key=lambda item: (item.root.name, item.relative.split("/")))
        self._leave_out_unfit()
        return self._found

    def _visit_written(self, root: Root, relative: str) -> None:
        spot = Spot(root, relative, os.fspath(root.target(relative)), relative)
        if os.path.lexists(spot.location):
            self._visit(spot)

    def _visit_read(self) -> list[tuple[Root, str]]:
        """Visit what was only read, and return what of it is state: nothing, but see `ReadWalk`."""
        return []

    def _is_by_writing(self, root: Root) -> bool:
        """Tell whether what notebooks have written is all that is looked at below a root."""
        return root.mended is not None and not self._goes_through_all

    def _written_below(self, root: Root) -> Written:
        if root.name not in self._written:
            assert root.mended is not None
            self._written[root.name] = Written(root.below(root.mended.written()))
        return self._written[root.name]

    def _add_above(self, root: Root, relative: str) -> None:
        """Add the folders that something needs which was found outside of the walk itself."""
        if os.fspath(root.target(relative)) not in self._seen:
            return
        for parent in parents(relative):
            above = Spot(root, parent, os.fspath(root.target(parent)), parent)
            if above.location not in self._seen:
                self._seen.add(above.location)
                self._add(above, "directory", os.lstat(above.location))

    def _leave_out_unfit(self) -> None:
        """Take out what has a name that no bundle may hold."""
        found = [item.member for item in self._found.items]
        if found == self._memory.fit:
            return
        taken, fit = names.Taken(), []
        for item in self._found.items:
            problem = names.problem(item.member) or taken.problem(item.member, item.kind)
            if problem:
                reason = f"its name {problem}"
                self._found.skipped.append(Skipped(item.label, reason, "Rename it.", item.place))
            else:
                taken.add(item.member, item.kind)
                fit.append(item)
        self._memory.fit = found if len(fit) == len(found) else None
        self._found.items = fit

    def _enter(self, spot: Spot) -> bool:
        """Visit what is in a folder; say whether anything in it is state."""
        try:
            found = self._list(spot)
        except OSError as error:
            self._cannot(spot, "be listed", error)
            return False
        visited = [self._visit(spot.child(name)) for name in found]
        return any(visited)

    def _list(self, spot: Spot) -> list[str]:
        if self._is_by_writing(spot.root):
            return sorted(self._written_below(spot.root).names(spot.relative))
        with os.scandir(spot.location) as entries:
            return sorted(entry.name for entry in entries)

    def _visit(self, spot: Spot) -> bool:
        if spot.location in self._seen:
            return True
        # Before anything else: opening one of these would drop locks, as with the database itself.
        if spot.location.endswith(sqlite.SIDECARS) and is_sidecar(spot.path):
            return False
        try:
            status = os.lstat(spot.location)
        except OSError as error:
            self._cannot(spot, "be looked at", error)
            return False
        is_folder = stat.S_ISDIR(status.st_mode)
        # Another root is walked by itself.
        if spot.location in self._roots or self._is_excluded(spot, is_folder=is_folder):
            return False
        self._seen.add(spot.location)
        return self._folder(spot, status) if is_folder else self._leaf(spot, status)

    def _folder(self, spot: Spot, status: os.stat_result) -> bool:
        if spot.relative.count("/") >= names.MAX_PARTS:
            self._skip(spot, f"it lies more than {names.MAX_PARTS} folders deep", "Move it up.")
            return False
        has_state = self._enter(spot)
        wanted = has_state or not self._rule_of_age(spot, status)
        if wanted:
            self._add(spot, "directory", status)
        return wanted

    def _leaf(self, spot: Spot, status: os.stat_result) -> bool:
        if rule := self._rule_of_age(spot, status):
            self._leave_out(spot, rule)
            return False
        if item := self._memory.recall(spot.location, status):
            self._found.items.append(item)
            return True
        if stat.S_ISLNK(status.st_mode):
            return self._link(spot, status)
        if not stat.S_ISREG(status.st_mode):
            reason = "it is a device, a pipe or a socket"
            self._skip(spot, reason, "Only files, folders and links are saved.")
            return False
        return self._file(spot, status)

    def _file(self, spot: Spot, status: os.stat_result) -> bool:
        if spot.root.is_open(spot.path):
            self._found.unread.append(spot.place)
            self._skip(spot, _OPEN, "Close it and save again, or keep it in the home folder (~).")
            return False
        kind: Kind = "file"
        try:
            if sqlite.is_database(spot.path, status.st_size):
                kind = "database"
            elif spot.base and status.st_size >= HEAD and is_bundle(head_of(spot.path)):
                self._leave_out(spot, BUNDLES)
                return False
        except OSError as error:
            self._cannot(spot, "be read", error)
            return False
        self._add(spot, kind, status)
        return True

    def _link(self, spot: Spot, status: os.stat_result) -> bool:
        target = link_target(spot.root, spot.relative, os.fspath(spot.path.readlink()))
        if target is None:
            reason = "it is a link that leads out of what is saved"
            self._skip(spot, reason, "Copy what it points to.")
            return False
        self._add(spot, "symlink", status, target)
        return True

    def _add(self, spot: Spot, kind: Kind, status: os.stat_result, target: str = "") -> None:
        size = status.st_size if kind in ("file", "database") else 0
        mode = stat.S_IMODE(status.st_mode)
        item = Item(
            spot.root, spot.relative, spot.path, kind, size, mode, status.st_mtime_ns, target
        )
        self._found.items.append(item)
        self._memory.keep(spot.location, status, item)

    def _cannot(self, spot: Spot, what: str, error: OSError) -> None:
        if isinstance(error, FileNotFoundError):
            return  # Removed meanwhile, or since it was named.
        self._found.unread.append(spot.place)
        self._skip(spot, f"it cannot {what} ({error.strerror})", "Check its permissions.")

    def _skip(self, spot: Spot, reason: str, advice: str) -> None:
        place = f"{spot.root.name}/{names.readable(spot.relative)}"
        self._found.skipped.append(Skipped(spot.label, reason, advice, place))

    def _leave_out(self, spot: Spot, rule: str) -> None:
        self._found.excluded.setdefault(rule, []).append(spot.label)

    def _is_excluded(self, spot: Spot, *, is_folder: bool) -> bool:
        # What was named itself is wanted, whatever the rules say: as with `git add -f`.
        if not spot.base:
            return False
        name = spot.base + "/" * is_folder
        if (index := self._memory.rule(name)) is None:
            verdict = self._spec.check_file(name)
            index = -1 if not verdict.include or verdict.index is None else verdict.index
            self._memory.keep_rule(name, index)
        if index < 0:
            return False
        self._leave_out(spot, self._patterns[index])
        return True

    def _rule_of_age(self, spot: Spot, status: os.stat_result) -> str | None:
        """Return the rule for what nobody has written here, if it holds for this."""
        if self._named:
            return None
        if self._is_by_writing(spot.root):
            return None if spot.relative in self._written_below(spot.root) else UNWRITTEN
        since = spot.root.modified_since
        return UNCHANGED if since is not None and status.st_mtime < since else None
