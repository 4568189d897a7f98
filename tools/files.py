"""Files that are either whole or absent, and stamps that show whether work is up to date."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

# A folder this old (seconds) was left by a run that was killed, not by one still at work.
ABANDONED_AFTER = 3600.0
# Made by tools beside the sources; never an input.
BYPRODUCTS = {"__pycache__", "node_modules", ".ipynb_checkpoints", ".mypy_cache", ".ruff_cache"}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(paths: Iterable[Path], *, extra: str = "") -> str:
    """Return one hash over files and whole folders, by their names and their bytes.

    Parameters
    ----------
    paths : iterable of Path
        Files and folders. One that doesn't exist counts as absent, which differs from empty.
    extra : str
        Anything else that the result depends on, such as a version or an option.

    Returns
    -------
    str
        The hash in hexadecimal. Times and permissions don't matter to it.
    """
    total = hashlib.sha256(extra.encode())
    for top in paths:
        for path in _files_of(top):
            name = path.relative_to(top.parent).as_posix()
            total.update(f"{name}\0{sha256_of(path)}\0".encode())
    return total.hexdigest()


def _files_of(top: Path) -> list[Path]:
    if top.is_file():
        return [top]
    inside = (path for path in top.rglob("*") if path.is_file())
    return sorted(path for path in inside if not BYPRODUCTS & set(path.relative_to(top).parts))


def is_stamped(stamp: Path, value: str) -> bool:
    """Tell whether the work that `stamp` stands for was finished for these inputs."""
    try:
        return stamp.read_text(encoding="utf-8") == value
    except FileNotFoundError:
        return False


def write_stamp(stamp: Path, value: str) -> None:
    """Record that work is finished. Call it last: a stamp is a promise."""
    write_text(stamp, value)


def write_text(path: Path, text: str) -> None:
    """Write a text file so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder, because a rename across file systems isn't atomic.
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="\n", dir=path.parent, prefix=".partial-", delete=False
    ) as stream:
        temporary = Path(stream.name)
        try:
            stream.write(text)
            stream.close()
            # NamedTemporaryFile makes files only their owner can read.
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a temporary folder inside `parent`, and remove it at the end in any case.

    Its content can be renamed to places in `parent`: both are on one file system.
    Folders left by killed runs are removed on the way.

    Parameters
    ----------
    parent : Path
        The folder to make it in, made if missing.

    Yields
    ------
    Path
        An empty folder.
    """
    parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(parent, older_than=ABANDONED_AFTER)
    with tempfile.TemporaryDirectory(
        prefix=".partial-", dir=parent, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def remove_leftovers(parent: Path, *, older_than: float = 0.0) -> None:
    """Remove what killed runs left in a folder, as far as that's possible.

    Parameters
    ----------
    parent : Path
        The folder they worked in.
    older_than : float
        How long (seconds) something must not have changed to count as left.
    """
    for old in parent.glob(".partial-*"):
        # It may be in use or gone by now. It only takes up space, so the next run may try again.
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime >= older_than:
                remove(old)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it; nothing happens if it isn't there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def swap_folder(new: Path, target: Path) -> None:
    """Put a finished folder in the place of an older one.

    Parameters
    ----------
    new : Path
        The finished folder, on the same file system as `target`.
    target : Path
        Where it goes. What is there is moved away first and then removed.
    """
    # The old one is set aside beside the new one, so that a kill leaves it in scratch space.
    aside = new.with_name(f"{new.name}.old")
    if target.exists():
        target.replace(aside)
    new.replace(target)
    remove(aside)


def publish(new: Path, target: Path, stamp: Path, value: str) -> None:
    """Put a finished folder in its place, and record what it was made from.

    Parameters
    ----------
    new, target : Path
        See `swap_folder`.
    stamp, value
        See `write_stamp`.
    """
    # After a kill in between, the old stamp would vouch for the new folder.
    stamp.unlink(missing_ok=True)
    swap_folder(new, target)
    write_stamp(stamp, value)


def tree_size(top: Path) -> int:
    """Return the bytes of all files under a folder."""
    return sum(path.stat().st_size for path in top.rglob("*") if path.is_file())
