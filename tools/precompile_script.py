"""Compile modules in archives to bytecode; runs inside of Pyodide, see `precompile.mjs`.

`/job/job.json` has ``archives``, names of wheels in `/archives`, or of its standard library, and
``imports``, names of modules. Of wheels with many modules, and of the standard library, only what
these imports lead to gets bytecode: the rest would make the site larger, and is seldom imported.
For each archive, `/job` gets a ZIP archive of the same name with only the bytecode.
"""

import importlib
import importlib.util
import json
import marshal
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

STDLIB = next(path for path in sys.path if path.endswith(".zip"))
SITE_PACKAGES = next(path for path in sys.path if path.endswith("site-packages"))
# PEP 552: bit 0 means "has the hash of its source", bit 1 would mean "compare them at import".
UNCHECKED_HASH = 1
MANY = 40
"""Modules; smaller wheels are compiled whole."""


def unpack(archives: list[str]) -> None:
    """Install wheels as Pyodide does."""
    for archive in archives:
        if archive.endswith(".whl"):
            with zipfile.ZipFile(f"/archives/{archive}") as wheel:
                wheel.extractall(SITE_PACKAGES)


def try_imports(names: list[str]) -> set[str]:
    """Import modules, and return the files of all that are then loaded."""
    importlib.invalidate_caches()
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:
            # Some want a browser. What they have imported until here counts.
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    # Frozen modules have no file, and need no bytecode.
    return {str(getattr(module, "__file__", "")) for module in [*sys.modules.values()]}


def compile_archive(archive: str, used: set[str]) -> None:
    """Write the bytecode of one archive's modules."""
    is_wheel = archive.endswith(".whl")
    folder = SITE_PACKAGES if is_wheel else STDLIB
    # An archive on sys.path has no `__pycache__`.
    place: Callable[[str], str] = importlib.util.cache_from_source if is_wheel else "{}c".format
    with (
        zipfile.ZipFile(f"/archives/{archive}") as sources,
        zipfile.ZipFile(f"/job/{archive}", "w") as compiled,
    ):
        names = [name for name in sources.namelist() if name.endswith(".py")]
        is_whole = is_wheel and (len(names) <= MANY or not used)
        for name in names:
            # The kernel's own path: Python would otherwise change it in all code that it loads.
            path = f"{folder}/{name}"
            if (is_whole or path in used) and (code := bytecode(sources.read(name), path)):
                compiled.writestr(place(name), code)


def bytecode(source: bytes, path: str) -> bytes | None:
    """Return the content of a `.pyc` file, or None for a template that is not Python."""
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    flags = UNCHECKED_HASH.to_bytes(4, "little")
    hash_ = importlib.util.source_hash(source)
    return importlib.util.MAGIC_NUMBER + flags + hash_ + marshal.dumps(code)


def main() -> None:
    """Do what `/job/job.json` says."""
    job = json.loads(Path("/job/job.json").read_text(encoding="utf-8"))
    # They are for authors of the packages.
    warnings.simplefilter("ignore")
    used: set[str] = set()
    if job["imports"]:
        unpack(job["archives"])
        used = try_imports(job["imports"])
    for archive in job["archives"]:
        compile_archive(archive, used)


main()
