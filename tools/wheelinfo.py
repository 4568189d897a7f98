"""Metadata of a wheel, read from its file."""

from __future__ import annotations

import email.parser
import zipfile
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# What `packaging` would find if it ran inside the site's kernel.
KERNEL_MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.14.2",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_release": "",
    "platform_system": "Emscripten",
    "platform_version": "",
    "python_full_version": "3.14.2",
    "python_version": "3.14",
    "sys_platform": "emscripten",
    "extra": "",
}


@dataclass(frozen=True)
class WheelInfo:
    """The parts of a wheel's metadata that a lock file needs.

    Attributes
    ----------
    name, version : str
        The name is canonical: lower case, with dashes.
    depends : tuple of str
        Canonical names of what it needs in the kernel, without extras.
    imports : tuple of str
        Top-level names that `import` finds in it.
    """

    name: str
    version: str
    depends: tuple[str, ...]
    imports: tuple[str, ...]


def read(path: Path) -> WheelInfo:
    """Read a wheel's metadata.

    Parameters
    ----------
    path : Path
        The wheel.
    """
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        metadata_name = next(
            name for name in names if name.endswith(".dist-info/METADATA") and name.count("/") == 1
        )
        text = wheel.read(metadata_name).decode("utf-8")
    headers = email.parser.Parser().parsestr(text, headersonly=True)
    requirements = [Requirement(line) for line in headers.get_all("Requires-Dist", [])]
    return WheelInfo(
        name=canonicalize_name(headers["Name"]),
        version=headers["Version"],
        depends=tuple(
            sorted(
                {
                    canonicalize_name(requirement.name)
                    for requirement in requirements
                    if _counts(requirement)
                }
            )
        ),
        imports=_top_level(names),
    )


def _counts(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(dict(KERNEL_MARKERS))


def _top_level(names: list[str]) -> tuple[str, ...]:
    found = set()
    for name in names:
        top, slash, _rest = name.partition("/")
        if slash and not top.endswith((".dist-info", ".data")) and name.endswith((".py", ".so")):
            found.add(top)
        elif not slash and top.endswith((".py", ".so")):
            found.add(top.partition(".")[0])
    return tuple(sorted(found))
