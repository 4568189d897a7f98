"""Codecs for modules, and for functions and classes that modules have: they are imports."""

from __future__ import annotations

import builtins
import functools
import importlib.util
import sys
import sysconfig
import types
from importlib import import_module
from pathlib import Path
from typing import Any

from .codecs import Codec, Get, OpaqueError, Put
from .payloads import parts, text

_DO_SOMETHING = frozenset({"antigravity", "this", "idlelib", "turtledemo", "test"})
"""Modules of the standard library that do something when they are imported, or start programs."""


_OF_THE_SESSION = (
    ("os", "environ"),
    ("os", "environb"),
    ("sys", "argv"),
    ("sys", "path"),
    ("random", "_inst"),
    ("matplotlib", "rcParams"),
)

_METHODS = (types.MethodType, types.BuiltinFunctionType)

_STDLIB_ZIP = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
"""The standard library in one file, as Pyodide has it."""


_OF_PAGE = ("js", "pyodide_js")
"""What JavaScript has for Python: objects of JavaScript that are imported like modules."""


def of_page(obj: object) -> str | None:
    """Return the name of an object of JavaScript that is imported, or None."""
    return next((name for name in _OF_PAGE if sys.modules.get(name, _OF_PAGE) is obj), None)


def name_of(module: types.ModuleType) -> str | None:
    """Return the name by which a module can be imported again, or None."""
    if (name := of_page(module)) is not None:
        return name
    if module is sys.modules["os"].path:
        return "os.path"  # Another one on each system.
    name = getattr(module, "__name__", None)
    if not isinstance(name, str) or name == "__main__" or sys.modules.get(name) is not module:
        return None
    return name


def place_of(obj: Any) -> tuple[str, str] | None:
    """Return module and qualified name under which an object is found again, or None."""
    if type(obj) is types.MethodType:
        return None
    module = getattr(obj, "__module__", None)
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None)
    if module is None and isinstance(getattr(obj, "__self__", None), types.ModuleType):
        module = obj.__self__.__name__
    if not isinstance(module, str) or not isinstance(name, str) or module == "__main__":
        return None
    try:
        found = functools.reduce(getattr, name.split("."), sys.modules.get(module))
    except Exception:
        # A module, or a metaclass, may raise anything.
        return None
    return (module, name) if found is obj else None


def named() -> dict[int, tuple[str, str]]:
    """Return where the objects are that belong to this session itself, by id.

    A variable that is one of them is another name for it, and no copy.
    """
    found = {}
    for module, name in _OF_THE_SESSION:
        space = vars(sys.modules[module]) if module in sys.modules else {}
        if name in space:
            found[id(space[name])] = (module, name)
    return found


def place_of_method(obj: Any) -> tuple[str, str] | None:
    """Return where a module has this very method of a hidden object, such as `random.random`."""
    if type(obj) not in _METHODS or isinstance(obj.__self__, types.ModuleType | type):
        return None
    home, name = type(obj.__self__).__module__, getattr(obj, "__name__", None)
    if home in ("builtins", "__main__") or not isinstance(home, str) or not isinstance(name, str):
        return None
    for module, found in [(home, sys.modules.get(home)), *sys.modules.items()]:
        if (
            isinstance(found, types.ModuleType)
            and module != "__main__"
            and found.__dict__.get(name) is obj
        ):
            return module, name
    return None


def is_harmless(module: str) -> bool:
    """Tell whether to import a module runs only what is installed here.

    What a bundle brings may lie in the way: a file named like a module.
    """
    outer = module.partition(".")[0]
    if module in sys.modules:
        return True
    if outer in _DO_SOMETHING or "__main__" in module.split("."):
        return False
    if outer in sys.builtin_module_names:
        return True
    try:
        spec = importlib.util.find_spec(outer)
    except (ImportError, ValueError):
        return False
    if spec is None:
        # Not installed; in a site it may come from the site itself.
        return True
    folders = [
        Path(sysconfig.get_path(each)).resolve() for each in ("stdlib", "purelib", "platlib")
    ]
    if spec.origin in ("built-in", "frozen"):
        return True
    # A package without __init__.py may be in several places.
    found = [*(spec.submodule_search_locations or ()), *filter(None, [spec.origin])]
    places = [Path(each).resolve() for each in found]
    return bool(places) and all(
        any(place.is_relative_to(folder) for folder in folders)
        or any(parent.name == _STDLIB_ZIP for parent in place.parents)
        for place in places
    )


def _module(module: types.ModuleType, _: Put) -> str:
    name = name_of(module)
    if name is None:
        raise OpaqueError
    return name


def _global(obj: Any, _: Put) -> list[str]:
    place = place_of(obj) or place_of_method(obj)
    if place is None:
        raise OpaqueError
    return list(place)


def _read_module(payload: Any, get: Get) -> types.ModuleType:
    return _imported(text(payload, get), get)


def _read_global(payload: Any, get: Get) -> Any:
    module, name = (text(each, get) for each in parts(payload, 2, get))
    # Under another name it may take the place of what somebody is going to call.
    if not get.trusted and not _is_own_name(name, get):
        raise get.waiting(f"{module}.{name} is found by another name")
    found: Any = _imported(module, get)
    try:
        return functools.reduce(getattr, name.split("."), found)
    except Exception as error:
        raise get.missing(f"{module} has no {name} here") from error


def _read_namespace(_: Any, get: Get) -> dict[str, Any]:
    if not get.trusted:
        raise get.waiting("it is the notebook's names themselves")
    return get.namespace


def _is_own_name(name: str, get: Get) -> bool:
    return get.name == name and not hasattr(builtins, name)


def _imported(name: str, get: Get) -> types.ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):
        raise get.fail("a module has a name that is none")
    if not get.trusted and not is_harmless(name):
        raise get.waiting(f"the module {name} would be run")
    try:
        return import_module(name)
    except ImportError as error:
        raise get.missing(f"the module {error.name or name} is not installed here") from error
    except (Exception, SystemExit) as error:
        raise get.missing(f"importing {name} failed: {error!r}") from error


CODECS = (
    Codec("module", (types.ModuleType,), _module, _read_module, atom=True),
    Codec(
        "global",
        (type, types.FunctionType, *_METHODS),
        _global,
        _read_global,
        atom=True,
    ),
    Codec("namespace", (), lambda _, __: None, _read_namespace, atom=True),
)
