"""Walk the roots for a bundle: with the files that were only read."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from . import read_files, sqlite
from .bundle.format import is_bundle
from .manifest import Scope
from .places import Places, Root
from .read_files import Budget, ReadFile
from .spots import Spot, head_of, is_sidecar
from .walk import BUNDLES, Walk


class ReadWalk(Walk):
    """A survey that takes in files that were only read, as many as may be.

    Parameters
    ----------
    places, scope
        As for `Walk`.
    read : sequence of ReadFile
        The files, the smallest first. The rules hold for them.
    """

    def __init__(self, places: Places, scope: Scope, read: Sequence[ReadFile]) -> None:
        super().__init__(places, scope)
        self._read = read

    def _visit_read(self) -> list[tuple[Root, str]]:
        budget, taken = Budget(), []
        for file in self._read:
            root, relative = file.root, file.relative
            spot = Spot(root, relative, os.fspath(root.target(relative)), relative)
            # Those after it are not looked at: each may be a request to the page.
            size = file.size if budget.is_full else self._size_of_read(spot)
            if size is not None and budget.takes(file, size) and self._visit(spot):
                taken.append((root, relative))
        budget.report(self._found)
        return taken

    def _size_of_read(self, spot: Spot) -> int | None:
        """Return the bytes of a file that was read, or None if it is not to be saved at all."""
        if spot.location in self._seen or (
            spot.location.endswith(sqlite.SIDECARS) and is_sidecar(spot.path)
        ):
            return None
        try:
            status = os.lstat(spot.location)
            if not stat.S_ISREG(status.st_mode) or self._is_excluded(spot, is_folder=False):
                return None
            # The walk itself looks into those that are taken.
            if status.st_size > read_files.LIMIT and self._is_archive_of_ours(spot, status):
                self._leave_out(spot, BUNDLES)
                return None
        except OSError as error:
            # If it was only deleted, that is no news.
            self._cannot(spot, "be looked at", error)
            return None
        return status.st_size

    @staticmethod
    def _is_archive_of_ours(spot: Spot, status: os.stat_result) -> bool:
        # Only by name: to look into a large file of the drive is to ask the page for all of it.
        return (
            spot.location.endswith(".zip")
            and not sqlite.is_database(spot.path, status.st_size)
            and is_bundle(head_of(spot.path))
        )
