"""Kinds of objects that end a walk through the variables, or hide their references."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import gc
import re
import struct
import sys
import types
import uuid
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ...host.installed_modules import is_module_path
from ..codecs.registry import package_of
from . import code_words

_ATOMS = (
    *(bool, int, float, complex, str, bytes, range),
    *(type(None), type(...), type(NotImplemented), types.CodeType),
)
# By identity, here and below: hashing a type calls code of its metaclass.
ATOMS = frozenset(map(id, _ATOMS))
"""Identities of the types of objects that never change and refer to nothing."""

PLAIN = frozenset(map(id, (list, dict, set, frozenset, tuple)))
"""Identities of the types of plain containers."""

FIXED_CONTAINERS = frozenset(map(id, (tuple, frozenset)))
"""Identities of the immutable ones among `PLAIN`."""

_FIXED_TYPES = (
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta, datetime.timezone),
    *(decimal.Decimal, fractions.Fraction, uuid.UUID, re.Pattern, struct.Struct, object),
    *(type(Path()), PurePosixPath, PureWindowsPath, type(sys.flags), type(sys.version_info)),
    *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType),
    *(types.TracebackType, types.FrameType),
)
_FIXED = frozenset(map(id, _FIXED_TYPES))
"""As `ATOMS`; a frame leads to variables, but only by attributes that a cell has to name."""

_FIXED_OF_PACKAGES = {
    "numpy": ("generic", "dtype", "ufunc"),
    "pandas": ("Timestamp", "Timedelta", "Period", "Interval"),
    "zoneinfo": ("ZoneInfo",),
}
"""Classes, with all of their subclasses in the package, whose objects never change."""

_HEAP_TYPE = 1 << 9
"""Flag of a type that was made while Python runs. From CPython's ``object.h``."""

_POINTER = struct.calcsize("P")

# Bypasses attributes that a metaclass defines.
_NAME, _MRO, _BASE, _SIZE, _ITEM_SIZE, _FLAGS = (
    type.__dict__[f"__{name}__"].__get__
    for name in ("name", "mro", "base", "basicsize", "itemsize", "flags")
)

KNOWN = frozenset(
    {
        *("numpy", "pandas", "matplotlib", "scipy", "sklearn", "PIL", "IPython", "ipykernel"),
        *("contourpy", "kiwisolver", "pyarrow"),
    }
)
"""Packages whose extension types share memory only by references to Python's objects.

Shown or not, such references count. The same holds for types of the standard library.
"""


_DATA = frozenset({"builtins", "numpy", "pandas", "__main__"})


def is_installed(module: Any) -> bool:
    """Tell whether a module belongs to Python or to an installed package.

    Other modules, such as a file beside the notebook, may do anything with its variables.
    """
    space = types.ModuleType.__getattribute__(module, "__dict__")
    spec = space.get("__spec__")
    origin = getattr(spec, "origin", None)
    if getattr(spec, "name", None) == "__main__":
        return False
    if isinstance(origin, str) and origin not in ("built-in", "frozen"):
        return _is_inside(origin)
    name = space.get("__name__")
    outer = name.partition(".")[0] if isinstance(name, str) else ""
    return outer in sys.stdlib_module_names or outer in ("js", "pyodide_js") or _has_origin(space)


def _has_origin(space: dict[str, Any]) -> bool:
    # A namespace package has folders instead of a file.
    locations = getattr(space.get("__spec__"), "submodule_search_locations", None)
    return locations is not None and all(map(_is_inside, locations))


_inside: dict[str, bool] = {}


def _is_inside(path: str) -> bool:
    if path not in _inside:
        _inside[path] = is_module_path(Path(path))
    return _inside[path]


def is_library(name: object) -> bool:
    """Tell the same of a module by its name; False if it is not loaded."""
    module = sys.modules.get(name) if type(name) is str else None
    return issubclass(type(module), types.ModuleType) and is_installed(module)


def is_of_library(kind: type) -> bool:
    """Tell whether a type is from a package whose objects share constants."""
    package = package_of(kind)
    return package not in _DATA and package not in sys.stdlib_module_names and is_library(package)


def is_made_here(kind: type, home: str | None) -> bool:
    """Tell whether a class belongs to the notebook's module (`home`) or to no loaded module."""
    module = type.__getattribute__(kind, "__dict__").get("__module__")
    if type(module) is not str:
        return False
    return module == home or (bool(_FLAGS(kind) & _HEAP_TYPE) and module not in sys.modules)


def runs_code(name: object) -> bool:
    """Tell whether a module, by its name, runs code among the notebook's variables."""
    return isinstance(name, str) and name.partition(".")[0] in code_words.RUNNERS


class Kinds:
    """Cache of facts about types for one walk.

    It does not refer to the types, or their references could not be counted.
    """

    def __init__(self) -> None:
        self._fixed: dict[int, bool] = {}
        self._open: dict[int, bool] = {}
        self._classes = tuple(_classes())

    def is_fixed(self, kind: type) -> bool:
        """Tell whether objects of a type never change, and refer to nothing that does."""
        key = id(kind)
        if key not in self._fixed:
            self._fixed[key] = key in _FIXED or self._is_of_fixed_class(kind)
        return self._fixed[key]

    def _is_of_fixed_class(self, kind: type) -> bool:
        package, mro = package_of(kind), _MRO(kind)
        if package in _FIXED_OF_PACKAGES:
            # A record of NumPy may be a view into an array.
            is_record = any(_NAME(base) == "void" for base in mro)
            return not is_record and any(base is each for base in mro for each in self._classes)
        # Constants of libraries.
        return any(base is enum.Enum for base in mro) and is_library(package)

    def is_opaque(self, kind: type) -> bool:
        """Tell whether objects of a type may hide references or shared memory."""
        key = id(kind)
        if key not in self._open:
            self._open[key] = _is_opaque(kind)
        return self._open[key]


def _classes() -> list[type]:
    found = []
    for module, names in _FIXED_OF_PACKAGES.items():
        for name in names:
            each = vars(sys.modules[module]).get(name) if module in sys.modules else None
            if isinstance(each, type):
                found.append(each)
    return found


def _is_opaque(kind: type) -> bool:
    for base in _MRO(kind):
        if _adds_memory(base):
            # Its memory includes that of its bases.
            package = package_of(base)
            return package not in KNOWN and package not in sys.stdlib_module_names
    return False


def _adds_memory(kind: type) -> bool:
    """Tell whether objects have memory besides attributes that Python code can name."""
    base = _BASE(kind)
    if base is None:
        return False
    space = type.__getattribute__(kind, "__dict__")
    more = _SIZE(kind) - _SIZE(base)
    if "__slots__" in space:
        more -= _POINTER * sum(type(each) is types.MemberDescriptorType for each in space.values())
    for name in ("__dict__", "__weakref__"):
        more -= _POINTER * (name in space)
    return bool(more > 0 or _ITEM_SIZE(kind) != _ITEM_SIZE(base))


def leads_anywhere(obj: Any) -> bool:
    """Tell whether an object leads to any variable: a shell, `exec`, ``globals``."""
    return id(obj) in code_words.FUNCTIONS or code_words.is_ipython(obj)


def referents(objects: list[Any]) -> list[Any]:
    """Return the referents of objects, without atoms."""
    return [each for each in gc.get_referents(*objects) if id(type(each)) not in ATOMS]
