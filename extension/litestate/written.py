"""What notebooks have written below a folder, to be gone through like the folder itself."""

from __future__ import annotations

from collections.abc import Iterable, Set


class Written:
    """Files and folders, and the folders above them.

    Parameters
    ----------
    paths : iterable of str
        Relative paths, with ``/``.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        self._names: dict[str, set[str]] = {}
        for path in self._paths:
            self._add(path)

    def _add(self, path: str) -> None:
        folder, _, name = path.rpartition("/")
        names = self._names.setdefault(folder, set())
        is_new = name not in names
        names.add(name)
        if folder and is_new:
            self._add(folder)

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def names(self, folder: str) -> Set[str]:
        """Return the names in a folder, ``""`` for the outermost one.

        Examples
        --------
        >>> sorted(Written(["a", "b/c/d"]).names(""))
        ['a', 'b']
        """
        return self._names.get(folder, set())
