"""CPython's own tests of sqlite3, which the browser tests run in the site's kernel.

They are no part of this repository, and no package on PyPI or npm carries them. Debian's packages
of Python do: 3.13 is the newest whose tests are all older than the kernel's Python 3.14.2, so that
what they ask for should be there, and as part of a stable release it stays as it is. Tests of
later 3.14 releases are about later fixes, and some of them crash 3.14.2.

What is pinned is not a package, whose version goes on with each security update of Debian's, but
an archive of the wanted files, which is the same whatever package they came in.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from tools.console import BuildError, run, warn
from tools.fetch import fetch
from tools.places import Folder, WhyNot
from tools.sitelock import LockedFile, Source

RELEASE = "trixie"
PACKAGES = ("libpython3.13-testsuite", "libpython3.13-stdlib")
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
FOLDER = "usr/lib/python3.13"
WANTED = (
    "test/__init__.py",
    "test/support/__init__.py",
    "test/support/import_helper.py",
    "test/support/os_helper.py",
    "test/support/script_helper.py",
    "test/support/threading_helper.py",
    "test/test_sqlite3/*.py",
)
"""The suite and what it imports."""

TESTS = LockedFile(
    name="cpython-sqlite-tests",
    version="3.13.5",
    file_name="cpython_sqlite_tests-3.13.5.zip",
    sha256="b755cf8f762e4dd576c5bcef9bd244c8680b390b090110e8ed75440dbecae965",
    size=367_821,
    sources=(Source("debian", RELEASE),),
)

OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member, which is the earliest that ZIP can tell."""


class Debian:
    """Debian's archive, or the mirror that this machine's apt uses."""

    name = "Debian"

    def collect(self, files: Sequence[LockedFile], into: Path) -> WhyNot:
        """See `tools.places.Place`."""
        why: WhyNot = {}
        for file in files:
            try:
                _pack(_unpacked(into / "debian"), into / file.file_name)
            except (BuildError, OSError) as error:
                why[file.file_name] = str(error)
        return why


def sqlite_tests(cache: Path, folders: Sequence[Path] = ()) -> Path | None:
    """Return the archive of the tests, with ``test`` at its top.

    Parameters
    ----------
    cache : Path
        The folder that keeps downloads.
    folders : sequence of Path
        Where to look for the archive before Debian is asked.

    Returns
    -------
    Path or None
        None on a system that isn't Debian and has nothing in its cache; a warning was written.

    Raises
    ------
    BuildError
        If Debian can't be reached, or what it has is not what is pinned.
    """
    try:
        return fetch([TESTS], cache, [*map(Folder, folders), Debian()])[TESTS]
    except BuildError as error:
        if is_debian():
            raise
        warn(f"CPython's tests of sqlite3 are left out, as this is not Debian.\n{error}")
        return None


def is_debian() -> bool:
    """Tell whether apt is here with the keys of Debian's archive."""
    try:
        return KEYS.exists() and bool(_mirror())
    except BuildError:
        return False


def _mirror() -> str:
    """Return the address of the archive that this machine's apt uses."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    sites = run(command).splitlines()
    # The security archive has only what was updated.
    found = [site for site in sites if site.endswith("/debian")]
    if not found:
        raise BuildError("this machine's apt knows no archive of Debian's")
    return found[0]


def _unpacked(folder: Path) -> Path:
    """Download the packages with apt, whatever release this machine has, and unpack them."""
    if not KEYS.exists():
        raise BuildError("this machine lacks the keys of Debian's archive")
    for name in ("sources", "lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "sources" / "debian.sources").write_text(
        f"Types: deb\nURIs: {_mirror()}\nSuites: {RELEASE}\nComponents: main\nSigned-By: {KEYS}\n"
    )
    options = {
        "Dir::Etc::SourceList": "/dev/null",
        "Dir::Etc::SourceParts": folder / "sources",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        # Without it apt complains that its own user may not write into our folder.
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    run([*apt, "update"])
    run([*apt, "download", *PACKAGES], cwd=folder)
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", package, folder / "root"])
    return folder / "root" / FOLDER


def _pack(top: Path, target: Path) -> None:
    """Write an archive whose bytes depend on nothing but the wanted files."""
    paths = sorted(path for pattern in WANTED for path in top.glob(pattern))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            member = zipfile.ZipInfo(path.relative_to(top).as_posix(), OLDEST)
            # The same on all systems: a regular file of Unix.
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            archive.writestr(member, path.read_bytes())
