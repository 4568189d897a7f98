"""The part of the build that the template of JupyterLab extensions does not have.

It puts into the labextension what kernels load: the modules of `kernel/`, and wheels of litestate
itself and of the packages it needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder
from jupyterlite_pyodide_kernel.addons.piplite import write_wheel_index
from packaging.utils import parse_wheel_filename

# The first moment that a ZIP entry can have: two builds of the same sources give the same bytes.
_EPOCH = 315532800
LABEXTENSION = "share/jupyter/labextensions/litestate"
# Used by `jupyter lite` and on command lines only.
_NOT_IN_KERNELS = ("litestate/labextension", "litestate/lite_addon")


class KernelFiles(BuildHookInterface[Any]):
    """Adds the kernel's modules and wheels to the built labextension."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run before the wheel or the sdist is put together."""
        # An editable install is for the tests of the Python package.
        if version == "editable":
            return
        root = Path(self.root)
        labextension = root / "litestate" / "labextension"
        static = labextension / "static"
        if self.target_name == "wheel":
            build_data["shared_data"] = {
                str(labextension): LABEXTENSION,
                str(root / "install.json"): f"{LABEXTENSION}/install.json",
            }
        # An sdist has everything, so that building from it needs no network.
        if (root / "PKG-INFO").exists() and (static / "kernel").is_dir():
            return
        wheels = static / "pypi"
        shutil.rmtree(wheels, ignore_errors=True)
        wheels.mkdir(parents=True)
        download_requirements(root / "kernel" / "requirements.txt", wheels)
        build_kernel_wheel(root, wheels)
        for wheel in wheels.iterdir():
            # The index records it.
            os.utime(wheel, (_EPOCH, _EPOCH))
        write_wheel_index(wheels)
        copy_modules(root / "kernel", static / "kernel", wheels)


def download_requirements(requirements: Path, into: Path) -> None:
    """Download the wheels that litestate needs in a kernel, and check their hashes."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(into)]
    subprocess.run([*pip, *options, "--requirement", str(requirements)], check=True)


def build_kernel_wheel(root: Path, into: Path) -> None:
    """Build the wheel for kernels: litestate without its labextension."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    del project["project"]["entry-points"]
    build = project["tool"]["hatch"]["build"]
    build["hooks"] = {"version": build["hooks"]["version"]}
    build["targets"]["wheel"] = {
        "packages": ["litestate"],
        "artifacts": ["litestate/_version.py"],
        "exclude": list(_NOT_IN_KERNELS),
    }
    for _ in WheelBuilder(str(root), config=project).build(directory=str(into)):
        pass


def copy_modules(source: Path, target: Path, wheels: Path) -> None:
    """Copy the kernel's modules, and write the one that names the wheels."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.txt"))
    files = sorted(wheel.name for wheel in wheels.glob("*.whl"))
    entries = [
        f'  {{ name: "{parse_wheel_filename(file)[0]}", file: "{file}" }},' for file in files
    ]
    text = "\n".join(["export const wheels = [", *entries, "];", ""])
    (target / "wheels.mjs").write_text(f"/** Written by the build. */\n{text}", encoding="utf-8")
