"""The key that signs bundles in plain Python: a file that only its owner can read."""

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

from ..signature import NoKeyError

KEY_BYTES = 32
"""As many as a digest of SHA-256 has (RFC 2104, 3)."""

_FORM = re.compile(r"litestate key 1\nid ([0-9a-f]{32})\nsecret ([0-9a-f]{64})\n")
_FORM_BYTES = 200
"""More than a key file has."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class FileKey:
    """A key in memory; see `signature.Key`."""

    id: str
    secret: bytes = field(repr=False)

    async def sign(self, data: bytes) -> str:
        """Return the HMAC-SHA-256 of data in hexadecimal digits."""
        return hmac.digest(self.secret, data, "sha256").hex()

    async def verify(self, data: bytes, hmac_sha256: str) -> bool:
        """Tell whether this is what `sign` returns."""
        return hmac.compare_digest(await self.sign(data), hmac_sha256)


def key_path() -> Path:
    """Return where this user's key is, or would be.

    ``$XDG_DATA_HOME/litestate/key`` (XDG Base Directory Specification 0.8),
    ``~/Library/Application Support`` on macOS, ``%APPDATA%`` on Windows.

    Raises
    ------
    NoKeyError
        If nobody knows where the user's files are.
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
        Whether to make one if there is none. Of several processes that do so at the same moment
        all get the same one.

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
    """Make a key that is there as a whole or not at all, unless somebody else is faster."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Its name is random by itself: derived from the secret, it would say something about that.
    text = f"litestate key 1\nid {secrets.token_hex(16)}\nsecret {secrets.token_hex(KEY_BYTES)}\n"
    # This makes it with O_EXCL and for its owner only.
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
        # A file system without hard links. Where two are this fast, the later one stays, and what
        # the other one has signed by then is a stranger's.
        if not path.exists():
            temporary.replace(path)
