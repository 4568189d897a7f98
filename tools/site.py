"""The site, assembled in a scratch folder, then moved to `dist/` at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tools import extension, files, precompile, pyodide_lock, sitelock
from tools.console import BuildError, run, step
from tools.fetch import default_places, fetch
from tools.paths import (
    BUILD_CONFIG,
    CONTENT,
    DIST,
    OVERRIDES,
    REQUIREMENTS,
    ROOT,
    SITE_CONFIG,
    SITE_LOCK,
    VENV,
    WHEELS,
    WORK,
    venv_program,
)

# What goes to web hosts that limit a site's size, and through slow lines (bytes).
SIZE_LIMIT = 80_000_000
KERNEL_PLUGIN = "@jupyterlite/pyodide-kernel-extension"
STAMP = WORK / "site.stamp"
# Read by the tools that made the app, or fonts that it has as WOFF2 too.
UNUSED = (
    "package.json",
    "rspack.config*.js",
    "build/fa-*.eot",
    "build/fa-*.svg",
    "build/fa-*.ttf",
)


def build(cache: Path, folders: list[Path]) -> None:
    """Build `dist/`, unless it's up to date.

    Parameters
    ----------
    cache : Path
        The folder that keeps downloads.
    folders : list of Path
        More folders to look for locked files in.

    Raises
    ------
    BuildError
        If some part fails; `dist/` is then what it was before.
    """
    value = files.fingerprint([
        ROOT / "build.py", ROOT / "tools", REQUIREMENTS / "build.txt", SITE_LOCK,
        BUILD_CONFIG, SITE_CONFIG, OVERRIDES, CONTENT, WHEELS, *extension.sources(),
    ])  # fmt: skip
    if files.is_stamped(STAMP, value) and DIST.is_dir():
        step("dist/ is up to date")
        return
    lock = sitelock.read(SITE_LOCK)
    step(f"checking {len(lock.files)} files of the Pyodide runtime and its packages")
    fetched = fetch(lock.files, cache, default_places(folders))
    pure = [path for path in fetched.values() if path.name.endswith("-none-any.whl")]
    wheel = extension.build_wheel(pure)
    with files.scratch_folder(WORK) as scratch:
        source, output = scratch / "lite", scratch / "dist"
        _stage(source, lock, fetched, wheel, cache)
        step("building the site with jupyter lite")
        _jupyter_lite("build", source, output)
        _trim(output)
        _jupyter_lite("check", source, output)
        step("jupyter lite check: all green")
        size = files.tree_size(output)
        if size > SIZE_LIMIT:
            raise BuildError(_explain_size(output, size))
        files.publish(output, DIST, STAMP, value)
    step(f"dist/ is ready: {size / 1e6:.1f} MB")


def _explain_size(output: Path, size: int) -> str:
    lines = [
        f"the site has {size / 1e6:.1f} MB, more than {SIZE_LIMIT / 1e6:.0f} MB; dist/ is left "
        "as it was. Its largest files, which come from content/ and requirements/site.in:"
    ]
    found = ((path.stat().st_size, path) for path in output.rglob("*") if path.is_file())
    for length, path in sorted(found, reverse=True)[:10]:
        lines.append(f"  {length / 1e6:6.1f} MB  {path.relative_to(output).as_posix()}")
    return "\n".join(lines)


def _stage(
    source: Path,
    lock: sitelock.SiteLock,
    fetched: dict[sitelock.LockedFile, Path],
    wheel: Path,
    cache: Path,
) -> None:
    """Lay out what `jupyter lite build` expects in its folder."""
    runtime = source / "static" / "pyodide"
    runtime.mkdir(parents=True)
    official: dict[str, Any] = {}
    official_version = ""
    for file, path in fetched.items():
        if file.name == "pyodide-lock.json":
            official = json.loads(path.read_text(encoding="utf-8"))
            official_version = file.version
        else:
            shutil.copyfile(path, runtime / file.file_name)
    lock = precompile.precompile(lock, runtime, cache)
    text = pyodide_lock.make(lock, official if _other_hosts_allowed() else None, official_version)
    (runtime / "pyodide-lock.json").write_text(text, encoding="utf-8")

    for config in (BUILD_CONFIG, SITE_CONFIG, OVERRIDES):
        if config.exists():
            shutil.copyfile(config, source / config.name)
    for folder in (CONTENT, WHEELS):
        if folder.is_dir():
            ignored = shutil.ignore_patterns(*files.BYPRODUCTS)
            shutil.copytree(folder, source / folder.name, ignore=ignored)
    # Only the kernel's: .venv has more, such as the CSS of nbconvert's HTML pages.
    installed = VENV / "share" / "jupyter" / "labextensions" / KERNEL_PLUGIN
    shutil.copytree(installed, source / "labextensions" / KERNEL_PLUGIN)
    extension.unpack_labextension(wheel, source / "labextensions")
    wheels = source / "labextensions" / "litestate" / "static" / "pypi"
    if precompile.precompile_wheels(wheels, runtime, lock):
        extension.index_wheels(wheels)


def _other_hosts_allowed() -> bool:
    """Return whether `disablePyPIFallback` in `jupyter-lite.json` allows other hosts."""
    config = json.loads(SITE_CONFIG.read_text(encoding="utf-8"))
    settings = config["jupyter-config-data"].get("litePluginSettings", {})
    return not settings.get(f"{KERNEL_PLUGIN}:kernel", {}).get("disablePyPIFallback", False)


def _jupyter_lite(command: str, source: Path, output: Path) -> None:
    run(
        [venv_program("jupyter-lite"), command, "--lite-dir", source, "--output-dir", output],
        cwd=source,
    )


def _trim(output: Path) -> None:
    """Remove files that no browser requests, and fix addresses that a sub-path breaks."""
    for pattern in UNUSED:
        for path in output.glob(pattern):
            files.remove(path)
    manifest = output / "manifest.webmanifest"
    text = manifest.read_text(encoding="utf-8")
    # The only absolute addresses of the app: on GitHub Pages they'd leave the site.
    manifest.write_text(text.replace('"url": "/', '"url": "./'), encoding="utf-8")
