"""Sites as others build them: a new environment, a folder, `jupyter lite build`."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.paths import REQUIREMENTS, WORK

KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"

NOTEBOOK = "first.ipynb"

_CONFIG = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"exposeAppInBrowser": True}}
"""The one setting that all these sites have, and real ones lack: tests drive the page with it."""

_NOT_IN_PYODIDE = {
    "comm", "et-xmlfile", "ipykernel", "ipython-pygments-lexers", "openpyxl", "pathspec", "piplite",
    "pyodide-kernel",
}  # fmt: skip
"""Packages that this repository's own site has beside those of Pyodide."""


@dataclass
class CleanEnvironment:
    """A virtual environment with `jupyter lite` and litestate's wheel, from an index of packages.

    Attributes
    ----------
    folder : Path
        The environment.
    """

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> CleanEnvironment:
        """Create the environment, unless another process of this test run has done so."""
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new = cls(folder)
            complete = folder / "complete"
            if not complete.exists():
                new._create()
                complete.touch()
        return new

    def _create(self) -> None:
        (wheel,) = (WORK / "wheel").glob("*.whl")
        _run([sys.executable, "-m", "venv", "--without-pip", self.folder])
        # What a site author's requirements.txt would name. [contents]: for the notebooks.
        wanted = ["jupyterlite-core[contents]", "jupyterlite-pyodide-kernel", wheel]
        self.install(*wanted, versions=("build", "test"))

    def install(self, *wanted: str | Path, versions: tuple[str, ...]) -> None:
        """Install packages in the versions that requirements name."""
        constraints = self.folder / f"{'-'.join(versions)}.txt"
        constraints.write_text("".join(map(_versions, versions)), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--python", self.folder / "bin" / "python"]
        _run([*pip, "install", "--quiet", "--constraint", constraints, *wanted])

    def run(self, program: str, *arguments: str | Path, folder: Path) -> str:
        """Run a program of the environment in a folder; return its output."""
        return _run([self.folder / "bin" / program, *arguments], folder)

    def jupyter_lite(self, *arguments: str | Path, folder: Path) -> str:
        """Run `jupyter lite` in a folder; return its output."""
        return self.run("jupyter", "lite", *arguments, folder=folder)

    def build(self, folder: Path, output: Path, **settings: Any) -> Path:
        """Build the site of a folder with a notebook, with settings of the kernel; return it."""
        config = json.loads(json.dumps(_CONFIG))
        if settings:
            config["jupyter-config-data"]["litePluginSettings"] = {KERNEL: settings}
        (folder / "jupyter-lite.json").write_text(json.dumps(config), encoding="utf-8")
        self.jupyter_lite("build", "--contents", "content", "--output-dir", output, folder=folder)
        return output


def own_runtime() -> Path:
    """Return the Pyodide of this repository's own site."""
    return Path(os.environ["LITESTATE_DIST"]) / "static" / "pyodide"


def lay_out(folder: Path) -> Path:
    """Write what a site's author writes: one notebook, and a wheel that the kernel needs.

    The kernel would get the wheel of comm from PyPI. This is the well-known place for wheels of a
    site's own, so the tests need no network.
    """
    content = folder / "content"
    content.mkdir(parents=True)
    language = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
    notebook = {
        "cells": [],
        "metadata": {"kernelspec": language},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (content / NOTEBOOK).write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "pypi").mkdir()
    for wheel in own_runtime().glob("comm-*.whl"):
        shutil.copy(wheel, folder / "pypi")
    return folder


def copy_runtime(target: Path) -> Path:
    """Copy Pyodide from this repository's own site, without what that site adds to it."""
    shutil.copytree(own_runtime(), target)
    path = target / "pyodide-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    lock["packages"] = {
        name: {**package, "depends": [n for n in package["depends"] if n not in _NOT_IN_PYODIDE]}
        for name, package in lock["packages"].items()
        if name not in _NOT_IN_PYODIDE and "://" not in package["file_name"]
    }
    path.write_text(json.dumps(lock), encoding="utf-8")
    for wheel in target.glob("*.whl"):
        if canonical(wheel.name.split("-")[0]) in _NOT_IN_PYODIDE:
            wheel.unlink()
    return target


def canonical(name: str) -> str:
    """Return a package's name as lock files spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def settings_of(site: Path) -> dict[str, dict[str, Any]]:
    """Return the settings of plugins in a built site."""
    document = json.loads((site / "jupyter-lite.json").read_text(encoding="utf-8"))
    settings: dict[str, dict[str, Any]] = document["jupyter-config-data"]["litePluginSettings"]
    return settings


def _versions(name: str) -> str:
    """Return the versions that requirements name, without hashes, which the new wheel has not."""
    text = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    return "".join(f"{line}\n" for line in re.findall(r"^\w[^\\\n]*", text, re.MULTILINE))


def _run(command: list[str | Path], folder: Path | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{output}"
    return output
