"""Codecs for imports: modules, and functions, classes and settings that a module has."""

from __future__ import annotations

import builtins
import functools
import sys
import types
from importlib import import_module
from typing import Any

from ...host.installed_modules import import_installed, is_harmless, is_installed
from ..stored_names import module_now
from .payload_checks import listed, text
from .registry import Codec, Get, OpaqueError, Put, codec_for, codec_of

_SESSION_OBJECTS = (
    ("os", "environ"),
    ("os", "environb"),
    ("sys", "argv"),
    ("sys", "path"),
    ("random", "_inst"),
    ("sys", "meta_path"),
    ("sys", "path_hooks"),
    ("warnings", "filters"),
    ("copyreg", "dispatch_table"),
    ("sqlite3", "adapters"),
    ("sqlite3", "converters"),
    ("decimal", "DefaultContext"),
    ("decimal", "BasicContext"),
    ("decimal", "ExtendedContext"),
    ("numpy._core._ufunc_config", "_Unspecified"),
    ("traitlets", "Undefined"),
    ("traitlets", "All"),
    ("pandas", "options"),
    ("matplotlib", "rcParams"),
    ("matplotlib", "colormaps"),
    ("matplotlib", "color_sequences"),
)

_ALIASES = {
    "np": "numpy",
    "pd": "pandas",
    "mpl": "matplotlib",
    "plt": "matplotlib.pyplot",
    "mdates": "matplotlib.dates",
    "mticker": "matplotlib.ticker",
    "mcolors": "matplotlib.colors",
    "mpatches": "matplotlib.patches",
    "mlines": "matplotlib.lines",
    "mtransforms": "matplotlib.transforms",
    "sns": "seaborn",
    "sp": "scipy",
    "sk": "sklearn",
    "sm": "statsmodels.api",
    "px": "plotly.express",
    "go": "plotly.graph_objects",
    "alt": "altair",
    "pl": "polars",
    "nx": "networkx",
    "dt": "datetime",
    "ET": "xml.etree.ElementTree",
    "tk": "tkinter",
}
"""Usual names for modules in notebooks."""

_METHODS = (types.MethodType, types.BuiltinFunctionType)

_OF_JS = ("js", "pyodide_js")
"""Objects of JavaScript that Pyodide lets code import like modules."""


def js_module_name(obj: object) -> str | None:
    """Return the name by which an object of JavaScript is imported, or None."""
    return next((name for name in _OF_JS if sys.modules.get(name, _OF_JS) is obj), None)


def name_of(module: types.ModuleType) -> str | None:
    """Return the name by which a module can be imported again, or None."""
    if (name := js_module_name(module)) is not None:
        return name
    if module is sys.modules["os"].path:
        return "os.path"  # Its own name differs from system to system.
    name = getattr(module, "__name__", None)
    if not isinstance(name, str) or name == "__main__" or sys.modules.get(name) is not module:
        return None
    return name


def place_of(obj: Any) -> tuple[str, str] | None:
    """Return the module and the qualified name by which an object can be imported, or None."""
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


def is_namespace(obj: dict[Any, Any]) -> bool:
    """Tell whether a dictionary is the namespace of a module that can be imported."""
    name = obj.get("__name__") if "__spec__" in obj else None
    module = sys.modules.get(name) if type(name) is str and name != "__main__" else None
    return isinstance(module, types.ModuleType) and vars(module) is obj


def named() -> dict[int, tuple[str, str]]:
    """Return module and name of objects that belong to this session, by id.

    A variable that refers to one of them is restored as a reference, not as a copy.
    """
    found = {}
    for module, name in _SESSION_OBJECTS:
        space = vars(sys.modules[module]) if module in sys.modules else {}
        if name in space:
            found[id(space[name])] = (module, name)
    return found


def place_of_method(obj: Any) -> tuple[str, str] | None:
    """Return module and name of a method of a hidden object, such as `random.random`, or None."""
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
    name = _checked(text(payload, get), get)
    # Under the name of another module, the user's code would call it by mistake.
    if not get.trusted and not _is_usual(get.name, name) and not _is_here(name, get):
        raise get.waiting(f"the module {name} would have an unusual name")
    return _imported(name, get)


def _read_global(payload: Any, get: Get) -> Any:
    module, name = (text(each, get) for each in listed(payload, get, 2))
    module = module_now(module)
    # Under the name of something else, the user's code would call it by mistake.
    if not get.trusted and not _is_own_name(module, name, get):
        raise get.waiting(f"{module}.{name} is found by another name")
    found: Any = _imported(module, get)
    try:
        return functools.reduce(getattr, name.split("."), found)
    except Exception as error:
        raise get.missing(f"{module} has no {name} here") from error


def _read_namespace(_: Any, get: Get) -> dict[str, Any]:
    if not get.trusted:
        raise get.waiting("it is the namespace of the notebook itself")
    return get.namespace


def _is_own_name(module: str, name: str, get: Get) -> bool:
    if get.name != name or not hasattr(builtins, name):
        return get.name == name
    found = getattr(sys.modules.get(module), "__dict__", {})
    return name in found and found[name] is getattr(builtins, name)


def _checked(name: str, get: Get) -> str:
    if not all(part.isidentifier() for part in name.split(".")):
        raise get.fail("invalid module name")
    return name


def _is_usual(name: str, module: str) -> bool:
    return not hasattr(builtins, name) and (
        name == module.rpartition(".")[2] or _ALIASES.get(name) == module
    )


def _is_here(module: str, get: Get) -> bool:
    return bool(get.name) and get.namespace.get(get.name) is sys.modules.get(module, get)


def _imported(name: str, get: Get) -> types.ModuleType:
    _checked(name, get)
    if not get.trusted and not is_harmless(name):
        if not is_installed(name):
            raise get.missing(f"the module {name} is not installed here")
        raise get.waiting(f"the module {name} would be run")
    try:
        return import_module(name) if get.trusted else import_installed(name)
    except ImportError as error:
        raise get.missing(f"the module {error.name or name} is not installed here") from error
    except (Exception, SystemExit) as error:
        raise get.missing(f"importing {name} failed: {error!r}") from error


def codec_for_object(obj: Any) -> Codec | None:
    """Return the codec for an object, or None; that of an import does not follow from its type."""
    if issubclass(type(obj), type):
        return codec_of("global")
    if js_module_name(obj) is not None:
        return codec_of("module")
    return codec_for(type(obj))


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
