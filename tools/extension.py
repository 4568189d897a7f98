"""litestate's own wheel and sdist, built from `extension/`, and its labextension."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tools import files, registries
from tools.console import BuildError, run, step
from tools.paths import EXTENSION, WORK, venv_program

# The first moment that a ZIP entry can have, as a fixed time for every entry: two builds of
# the same sources then give the same bytes, and browsers keep what they have cached.
SOURCE_DATE_EPOCH = "315532800"
WHEELS = WORK / "wheel"
# Made by the build inside of extension/.
BUILT = ("lib", ".test", ".yarn", "litestate/labextension", "litestate/_version.py")
# Folder of labextensions in the wheel.
_SHARED = ".data/data/share/jupyter/labextensions/"


def sources() -> list[Path]:
    """Return what the wheel is built from: all of `extension/` that no build has made."""
    built = {EXTENSION / name for name in BUILT}
    found: list[Path] = []
    for path in sorted(EXTENSION.iterdir()):
        if path == EXTENSION / "litestate":
            found += [inner for inner in sorted(path.iterdir()) if inner not in built]
        elif path not in built and path.name != "node_modules" and path.suffix != ".tsbuildinfo":
            found.append(path)
    return found


def build_wheel(wheels: Iterable[Path] = ()) -> Path:
    """Build the wheel, unless the one at hand is of these sources. The sdist is beside it.

    Parameters
    ----------
    wheels : iterable of Path
        Wheels at hand of packages that kernels need beside litestate; without them, pip downloads
        these.

    Returns
    -------
    Path
        The wheel.
    """
    stamp = WORK / "wheel.stamp"
    value = files.fingerprint(sources())
    built = list(WHEELS.glob("*.whl"))
    if files.is_stamped(stamp, value) and len(built) == 1:
        return built[0]
    step("building litestate's sdist and wheel")
    with files.scratch_folder(WORK) as scratch:
        new = scratch / "wheel"
        at_hand = scratch / "wheels"
        at_hand.mkdir()
        for wheel in wheels:
            (at_hand / wheel.name).write_bytes(wheel.read_bytes())
        # The TypeScript is built only if this is absent.
        files.remove(EXTENSION / "litestate" / "labextension")
        # hatchling itself rather than a front end: everything is in .venv.
        run(
            [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", new],
            cwd=EXTENSION,
            env={
                "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", SOURCE_DATE_EPOCH),
                "PIP_FIND_LINKS": f"{at_hand} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
                **registries.node_environment(),
            },
        )
        built = list(new.glob("*.whl"))
        if len(built) != 1:
            raise BuildError(f"building extension/ gave {len(built)} wheels, expected one")
        files.publish(new, WHEELS, stamp, value)
    return WHEELS / built[0].name


def jlpm(*arguments: str) -> None:
    """Run a script of `extension/package.json`, after installing what it needs.

    Raises
    ------
    BuildError
        If it fails; the message has its last lines.
    """
    node = registries.node_environment()
    program = venv_program("jlpm")
    if not (EXTENSION / "node_modules").is_dir():
        step("installing the packages that build and check the TypeScript")
        run([program, "install", "--immutable"], cwd=EXTENSION, env=node)
    run([program, *arguments], cwd=EXTENSION, env=node)


def index_wheels(folder: Path) -> None:
    """Write the index of a labextension's wheels anew, after they have changed."""
    from jupyterlite_pyodide_kernel.addons.piplite import write_wheel_index

    for wheel in folder.glob("*.whl"):
        # The index records it.
        os.utime(wheel, (int(SOURCE_DATE_EPOCH),) * 2)
    write_wheel_index(folder)


def unpack_labextension(wheel: Path, into: Path) -> None:
    """Put the labextension of the wheel where pip would put it, below another folder."""
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            _, found, path = member.partition(_SHARED)
            if found:
                target = into / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
