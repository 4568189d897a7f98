"""The key that signs bundles in plain Python: a file that only its owner may read."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import NoKeyError

KEY_BYTES = 32
"""The length of a SHA-256 digest (RFC 2104, 3)."""

_FORM = re.compile(r"litestate key 1\nid ([0-9a-f]{32})\nsecret ([0-9a-f]{64})\n")
_FORM_BYTES = 200
"""Bytes to read: more than a key file has."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class FileKey:
    """A key in memory; see `trust.Key`."""

    id: str
    secret: bytes = field(repr=False)

    async def sign(self, data: bytes) -> str:
        """Return the HMAC-SHA-256 of data in hexadecimal digits."""
        return hmac.digest(self.secret, data, "sha256").hex()

    async def verify(self, data: bytes, hmac_sha256: str) -> bool:
        """Tell whether this is the result of `sign` for the data."""
        return hmac.compare_digest(await self.sign(data), hmac_sha256)


def key_path() -> Path:
    """Return the path of this user's key, whether it exists or not.

    ``$XDG_DATA_HOME/litestate/key`` (XDG Base Directory Specification 0.8),
    ``~/Library/Application Support`` on macOS, ``%APPDATA%`` on Windows.

    Raises
    ------
    NoKeyError
        If this user has no home folder.
    """
    try:
        return _data_folder() / "litestate" / "key"
    except RuntimeError:
        raise NoKeyError("this user has no home folder for a key") from None


def _data_folder() -> Path:
    if sys.platform == "win32":
        named, usual = os.environ.get("APPDATA", ""), Path.home() / "AppData" / "Roaming"
    elif sys.platform == "darwin":
        named, usual = "", Path.home() / "Library" / "Application Support"
    else:
        named = os.environ.get("XDG_DATA_HOME", "")
        usual = Path.home() / ".local" / "share"
    # "All paths must be absolute […] otherwise consider the path invalid and ignore it."
    return Path(named) if Path(named).is_absolute() else usual


def load_key(*, create: bool) -> FileKey | None:
    """Return this user's key.

    Parameters
    ----------
    create : bool
        Whether to make a missing key. Processes that do so at the same moment get the same key.

    Raises
    ------
    NoKeyError
        If it cannot be read or made, or others can read it.
    """
    path = key_path()
    try:
        key = _read(path)
        if key is None and create:
            _make(path)
            key = _read(path)
    except OSError as error:
        raise NoKeyError(f"the key {path} cannot be used ({error.strerror})") from None
    return key


def _read(path: Path) -> FileKey | None:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        mode = os.fstat(file.fileno()).st_mode
        data = file.read(_FORM_BYTES)
    # Windows has no such bits; there the user's folder is protected.
    if sys.platform != "win32" and mode & _OTHERS:
        raise NoKeyError(
            f"others can read or change the key {path}, so it proves nothing (mode "
            f"{stat.S_IMODE(mode):o}); delete it to have a new one made"
        )
    found = _FORM.fullmatch(data.decode("ascii", "replace"))
    if found is None:
        raise NoKeyError(f"the key {path} is damaged; delete it to have a new one made")
    return FileKey(found[1], bytes.fromhex(found[2]))


def _make(path: Path) -> None:
    """Make a complete key file, unless another process is faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The name is random: derived from the secret, it would reveal something about it.
    text = f"litestate key 1\nid {secrets.token_hex(16)}\nsecret {secrets.token_hex(KEY_BYTES)}\n"
    # mkstemp opens with O_EXCL, and for the owner only.
    handle, temporary = tempfile.mkstemp(prefix="key-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        _put(Path(temporary), path)
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()


def _put(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    except OSError:
        # A file system without hard links. If two processes get here at once, the later key stays,
        # and signatures of the other one count as a stranger's.
        if not path.exists():
            temporary.replace(path)
