"""The addon of `jupyter lite` that prepares a site for litestate.

`jupyter lite build` copies litestate's labextension without it. This addon records what the page
has to know, and checks that all files have arrived. It runs in the environment that builds a site,
never in a kernel.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from jupyterlite_core.addons.base import BaseAddon
from jupyterlite_core.constants import (
    JSON_FMT,
    JUPYTER_CONFIG_DATA,
    JUPYTERLITE_JSON,
    LAB_EXTENSIONS,
    LITE_PLUGIN_SETTINGS,
    UTF8,
)
from traitlets import Unicode

from .._version import __version__
from . import start_page

LABEXTENSION = "litestate"
KERNEL_LABEXTENSION = "@jupyterlite/pyodide-kernel-extension"
SETTINGS = "litestate:kernel"
"""The plugin whose settings the page reads (src/pyodide.ts)."""

DEFAULT_URL = "defaultPyodideUrl"
"""Setting: where the kernel loads Pyodide from in a site that names no ``pyodideUrl``."""

MADE_FOR = {"jupyterlite-core": "0.8", "jupyterlite-pyodide-kernel": "0.8"}
"""Distributions and the versions, by their first parts, that litestate was tested with."""

_AGAIN = "install litestate again, and build the site again"

Task = dict[str, Any]

_IMPORT = re.compile(r"""\b(?:from|import\(?|new URL\()\s*['"](\.{1,2}/[^'"]+\.mjs)['"]""")
"""A relative path of a module: of an import, or of a worker."""


class LitestateAddon(BaseAddon):  # type: ignore[misc]
    """Prepares a site for litestate, and checks it."""

    __all__: ClassVar = ["check", "post_build", "status"]

    start_page = Unicode(
        "",
        help="File of the content that the address of the site opens, such as 'intro.ipynb'; "
        "'auto' chooses a notebook; empty leaves it to JupyterLite",
    ).tag(config=True)

    @property
    def labextension(self) -> Path:
        """The folder of litestate's labextension in the built site."""
        return Path(self.manager.output_dir, LAB_EXTENSIONS, LABEXTENSION)

    @property
    def site_config(self) -> Path:
        """The configuration of the built site."""
        return Path(self.manager.output_dir, JUPYTERLITE_JSON)

    @property
    def content(self) -> Path:
        """The folder of the built site that has its notebooks and data."""
        return Path(self.manager.output_dir, "files")

    def status(self, manager: Any) -> Iterator[Task]:
        """Report the versions that take part."""
        yield self.task(name="litestate", actions=[self.report])

    def report(self) -> None:
        """Print the versions, and what may not fit."""
        print(f"     litestate: {__version__}")
        for name in MADE_FOR:
            print(f"     {name}: {installed(name) or 'not installed'}")
        for message in unexpected_versions():
            print(f"     {message}")

    def post_build(self, manager: Any) -> Iterator[Task]:
        """Record in the site's configuration where the kernel finds Pyodide by default."""
        yield self.task(
            name=f"patch:{JUPYTERLITE_JSON}",
            doc=f"tell litestate's extension in {JUPYTERLITE_JSON} what the kernel's default is",
            # Always: the warnings, and the default of another version of the kernel.
            uptodate=[False],
            file_dep=[self.site_config],
            actions=[self.warn, self.record],
        )
        if self.start_page:
            yield self.task(
                name="start-page",
                doc="make the site's address open the start page",
                file_dep=[self.site_config],
                actions=[self.set_start_page],
            )

    def warn(self) -> None:
        """Warn about versions that litestate was not tested with, and about missing parts."""
        for message in unexpected_versions():
            self.log.warning("[lite] [litestate] %s", message)
        if not self.labextension.is_dir():
            self.log.warning("[lite] [litestate] %s", absent(self.labextension))

    def record(self) -> None:
        """Write the setting, unless it is right already."""
        url = default_pyodide_url()
        if url is None:
            return
        document = json.loads(self.site_config.read_text(**UTF8))
        plugins = document.setdefault(JUPYTER_CONFIG_DATA, {}).setdefault(LITE_PLUGIN_SETTINGS, {})
        settings = plugins.setdefault(SETTINGS, {})
        if settings.get(DEFAULT_URL) != url:
            settings[DEFAULT_URL] = url
            self._write(document)

    def set_start_page(self) -> None:
        """Write the address that opens the start page. Fails if there is no such file."""
        document = json.loads(self.site_config.read_text(**UTF8))
        if start_page.set_in(document, start_page.choose(self.start_page, self.content)):
            self._write(document)

    def _write(self, document: dict[str, Any]) -> None:
        self.site_config.write_text(json.dumps(document, **JSON_FMT), **UTF8)
        self.maybe_timestamp(self.site_config)

    def check(self, manager: Any) -> Iterator[Task]:
        """Check that the labextension and what kernels load from it are whole."""
        if not self.labextension.is_dir():
            return
        yield self.task(
            name="files",
            doc="check the modules and wheels that kernels load",
            actions=[self.check_files],
        )
        yield self.task(
            name="settings",
            doc=f"check litestate's settings in {JUPYTERLITE_JSON}",
            file_dep=[self.site_config],
            actions=[self.check_settings],
        )

    def check_files(self) -> None:
        """Fail if a file of the labextension is missing, or a wheel has changed."""
        static = self.labextension / "static"
        index = static / "pypi" / "all.json"
        for path in (index, *imported_modules(static / "kernel" / "litestate.mjs")):
            assert path.is_file(), f"{path} is missing: {_AGAIN}"
        for package in json.loads(index.read_text(**UTF8)).values():
            for release in [file for files in package["releases"].values() for file in files]:
                wheel = index.parent / release["filename"]
                assert wheel.is_file(), f"{wheel} is missing: {_AGAIN}"
                digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
                known = release["digests"]["sha256"]
                assert digest == known, f"{wheel} was changed: {_AGAIN}"

    def check_settings(self) -> None:
        """Fail if the page would not know where Pyodide is."""
        if default_pyodide_url() is None:
            return
        document = json.loads(self.site_config.read_text(**UTF8))
        plugins = document[JUPYTER_CONFIG_DATA].get(LITE_PLUGIN_SETTINGS, {})
        assert plugins.get(SETTINGS, {}).get(DEFAULT_URL), (
            f"{self.site_config} has no {DEFAULT_URL} for {SETTINGS}: build the site again"
        )


def imported_modules(module: Path) -> set[Path]:
    """Return a JavaScript module and all that it imports by relative paths, whether they exist."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.is_file():
            names = _IMPORT.findall(path.read_text(**UTF8))
            waiting += [Path(os.path.normpath(path.parent / name)) for name in names]
    return found


def default_pyodide_url() -> str | None:
    """Return where the installed Pyodide kernel loads Pyodide from, or None without that kernel."""
    try:
        from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_MJS
    except ImportError:
        return None
    return f"{PYODIDE_CDN_URL}/{PYODIDE_MJS}"


def installed(name: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def unexpected_versions() -> list[str]:
    """Return a sentence for each distribution that litestate was not tested with."""
    messages = []
    for name, wanted in MADE_FOR.items():
        version = installed(name)
        if version is not None and version.split(".")[:2] != wanted.split("."):
            messages.append(
                f"litestate {__version__} was tested with {name} {wanted}, and this is {version}. "
                "Look at a notebook of the site, and update litestate if something is wrong."
            )
    return messages


def absent(labextension: Path) -> str:
    """Return the sentence for a site without litestate's labextension."""
    return (
        f"{labextension} is missing, so notebooks of this site cannot import litestate. "
        "Are labextensions of this environment ignored (ignore_sys_prefix)?"
    )
