"""Changes the notebook made to modules that are not its own."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from types import ModuleType
from typing import Any

from ..host.installed_modules import module_or_reason
from ..platform import ipython_shell
from ..shell.cell_log import namespace
from ..shell.secret_detection import is_secret_name
from . import attribute_paths
from .attribute_paths import MISSING, AttributePath, attribute_of
from .cell_sources import Chain, Reader, Targets
from .module_scan import Scanner
from .settings import SECRET, Group, NotPlainError, Undo

_SAVED_ELSEWHERE = frozenset(
    (
        *("sys:path", "sys:ps1", "sys:ps2", "sys:ps3", "os:environ", "warnings:filters"),
        *("matplotlib:rcParams", "sys:modules"),
    )
)
"""Attributes that another part of the session saves, or that belong to the interpreter."""

_TABLES_SAVED_ELSEWHERE = frozenset(("warnings.filters", "sys.path", "logging.root.handlers"))

_OWNERS_SAVED_ELSEWHERE = ("decimal:DefaultContext.", "pandas:options.", "matplotlib:rcParams.")

_STREAMS = frozenset(("sys:stdout", "sys:stderr", "sys:stdin", "sys:displayhook", "sys:excepthook"))
"""The kernel sets these. Only an object of the notebook is a change: a cell that restores the
kernel's own changes nothing."""

CALLS = (
    *("atexit.register", "codecs.register", "codecs.register_error", "mimetypes.add_type"),
    *("os.umask", "os.nice", "os.putenv", "resource.setrlimit", "time.tzset", "gc.set_threshold"),
    *("gc.freeze", "gc.set_debug", "sys.addaudithook", "signal.alarm", "signal.setitimer"),
    *("faulthandler.enable", "faulthandler.dump_traceback_later", "tracemalloc.start"),
    *("sqlite3.enable_callback_tracebacks", "sqlite3.enable_shared_cache", "locale.bindtextdomain"),
    *("gettext.install", "gettext.textdomain", "ssl.RAND_add", "email.charset.add_charset"),
    *("email.charset.add_alias", "email.charset.add_codec", "webbrowser.register"),
    *("shutil.register_archive_format", "shutil.register_unpack_format", "turtle.register_shape"),
    *("urllib.request.install_opener", "multiprocessing.set_start_method", "zoneinfo.reset_tzpath"),
    *("asyncio.set_event_loop_policy", "asyncio.set_event_loop", "numpy.set_string_function"),
    *("matplotlib.colormaps.register", "matplotlib.color_sequences.register"),
    *("matplotlib.font_manager.fontManager.addfont", "matplotlib.pyplot.register_cmap"),
    *("matplotlib.scale.register_scale", "matplotlib.projections.register_projection"),
    *("matplotlib.pyplot.connect", "pandas.plotting.register_matplotlib_converters"),
    *("pandas.plotting.deregister_matplotlib_converters", "xarray.register_dataset_accessor"),
    "xarray.register_dataarray_accessor",
)
"""Functions whose effect cannot be read: that a cell calls one is all that can be found out."""

_CALLS = tuple(tuple(name.split(".")) for name in CALLS)
_LAST_PARTS = frozenset(parts[-1] for parts in _CALLS)

_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD")
    if hasattr(signal, name)
)
"""Signals that programs handle."""

_NOT_SAVED = "which is not saved"


@dataclass
class Known:
    """Findings about this process that outlive one description.

    Attributes
    ----------
    thorough : bool
        Whether to scan all modules the next time.
    scanner : Scanner
        Scans modules.
    reader : Reader
        Parses the cells.
    assigned : dict of AttributePath to None
        Attributes that cells have set.
    called : dict of str to None
        Functions of `CALLS` that cells have called.
    restored : set of AttributePath
        Attributes that a bundle or a checkpoint has set.
    """

    thorough: bool = True
    scanner: Scanner = field(default_factory=Scanner)
    reader: Reader = field(default_factory=Reader)
    assigned: dict[AttributePath, None] = field(default_factory=dict)
    called: dict[str, None] = field(default_factory=dict)
    restored: set[AttributePath] = field(default_factory=set)


known = Known()


def changed(_: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that cells have set, and where else objects of the notebook are.

    Yields
    ------
    str, list
        ``module:path``, and the value as `attribute_paths.encode` has it; a `NotPlainError` says
        why it is not saved.
    """
    names = namespace()
    found, tables = known.scanner.scan(names, thorough=known.thorough)
    for table, held in tables.items():
        if table not in _TABLES_SAVED_ELSEWHERE:
            yield table, _registered(held)
    for label, values in _tables():
        if held := attribute_paths.names_in(values, names):
            yield label, _registered(held)
    _read_cells(names)
    for name in known.called:
        yield f"{name}()", NotPlainError(f"a cell has called it, {_NOT_SAVED}")
    for path in dict.fromkeys([*known.assigned, *known.restored, *found]):
        if not (str(path) in _SAVED_ELSEWHERE or str(path).startswith(_OWNERS_SAVED_ELSEWHERE)):
            encoded = _encoded(path, names)
            # Not an attribute that has its original value again.
            if encoded not in (MISSING, ["import", str(path)]):
                yield str(path), encoded


def _registered(held: list[str]) -> NotPlainError:
    listed = ", ".join(held[:5])
    return NotPlainError(f"the notebook has registered {listed} there, {_NOT_SAVED}")


def _encoded(path: AttributePath, names: Mapping[str, Any]) -> Any:
    """Return the value of an attribute for a bundle, why it is not saved, or `MISSING`."""
    try:
        value = attribute_paths.value_at(attribute_paths.owner_of(path), path.names[-1])
    except (AttributeError, KeyError):
        return MISSING
    if str(path) in _STREAMS and not attribute_paths.is_of_notebook(value, names):
        return MISSING
    if value is MISSING:
        return MISSING
    try:
        encoded = attribute_paths.encode(value, names)
    except NotPlainError as error:
        return NotPlainError(f"the notebook has set it, and {error}: it is not saved")
    if encoded[0] == "value" and isinstance(value, str) and is_secret_name(path.names[-1]):
        return NotPlainError(SECRET)
    return encoded


def put(_: Any, name: str, value: Any) -> Undo | None:
    """Set an attribute again."""
    names = namespace()
    path = attribute_paths.of_text(name)
    # In the site, a package that it has may have to be loaded first.
    package, reason = module_or_reason(path.module.partition(".")[0], trusted=True)
    if package is None:
        raise ValueError(reason)
    attribute_paths.imported_module(path.module)
    owner, attribute = attribute_paths.owner_of(path), path.names[-1]
    before = attribute_paths.value_at(owner, attribute)
    if isinstance(value, list) and value[:1] == ["accessor"] and len(value) == 2:
        wanted = _accessor(attribute, attribute_paths.decode(value[1], names))
    else:
        wanted = attribute_paths.decode(value, names)
    if before is not wanted:
        setattr(owner, attribute, wanted)
    known.restored.add(path)
    if before is wanted:
        return None

    def undo() -> None:
        known.restored.discard(path)
        if before is MISSING:
            delattr(owner, attribute)
        else:
            setattr(owner, attribute, before)

    return undo


def _accessor(name: str, cls: Any) -> Any:
    kinds = attribute_paths.imported_module("pandas.core.accessor")
    every = attribute_paths.ACCESSORS
    return next(getattr(kinds, each) for each in every if hasattr(kinds, each))(name, cls)


def _read_cells(names: Mapping[str, Any]) -> None:
    """Record the attributes that new cells set, and the functions of `CALLS` that they call."""
    functions: dict[Any, str] | None = None
    for found in known.reader.unread():
        for each in found.set:
            if path := path_of(each, found, names):
                known.assigned[path] = None
        for called in found.called:
            function = _function_of(called, found, names)
            if not _LAST_PARTS.isdisjoint((called[-1], getattr(function, "__name__", None))):
                functions = _functions() if functions is None else functions
                if callable(function) and (name := _name_in(functions, function)):
                    known.called[name] = None


def start_of(name: str, found: Targets, names: Mapping[str, Any]) -> Any:
    """Return the object that a name in a cell stands for, or `MISSING`.

    Parameters
    ----------
    name : str
        The first part of a dotted name.
    found : Targets
        Dotted names of the cell: a function in it may import something for itself.
    names : mapping
        The notebook's namespace.
    """
    here = names.get(name, MISSING)
    if isinstance(here, ModuleType | type):
        return here
    for bound, module, inner in found.imported:
        if bound == name and module in sys.modules:
            return attribute_of(sys.modules[module], inner) if inner else sys.modules[module]
    return here


def path_of(parts: Chain, found: Targets, names: Mapping[str, Any]) -> AttributePath | None:
    """Return the attribute of a module or class that a dotted name in a cell means, or None."""
    obj = start_of(parts[0], found, names)
    path = _path_of_start(obj)
    if path is None:
        return None
    for part in parts[1:-1]:
        obj, path = attribute_of(obj, part), path.below(part)
        if isinstance(obj, ModuleType | type):
            path = _path_of_start(obj) or path
    return path.below(parts[-1])


def _path_of_start(obj: Any) -> AttributePath | None:
    if isinstance(obj, type):
        return attribute_paths.of_class(obj)
    if isinstance(obj, ModuleType) and sys.modules.get(obj.__name__) is obj:
        return AttributePath(obj.__name__, ()) if obj.__name__ != "__main__" else None
    return None


def _function_of(called: Chain, found: Targets, names: Mapping[str, Any]) -> Any:
    """Return the function that a cell calls, or `MISSING` if no module leads to it."""
    if len(called) > 1 and called[-1] not in _LAST_PARTS:
        return MISSING
    function = start_of(called[0], found, names)
    if len(called) > 1 and not isinstance(function, ModuleType):
        return MISSING
    for part in called[1:]:
        function = attribute_of(function, part)
    return function


def _functions() -> dict[Any, str]:
    """Return the functions of `CALLS` whose modules are imported, with their names."""
    found: dict[Any, str] = {}
    for parts in _CALLS:
        at = max(
            at for at in range(1, len(parts)) if at == 1 or ".".join(parts[:at]) in sys.modules
        )
        function: Any = sys.modules.get(".".join(parts[:at]), MISSING)
        for part in parts[at:]:
            function = getattr(function, part, MISSING)
        if function is not MISSING:
            found[function] = ".".join(parts)
    return found


def _name_in(functions: dict[Any, str], function: Any) -> str | None:
    try:
        return functions.get(function)
    except TypeError:
        # It has no hash.
        return None


def _tables() -> Iterator[tuple[str, Iterable[Any]]]:
    """Yield the registrations that no module shows: signal handlers, and those of the shell."""
    yield "signal handlers", map(signal.getsignal, _SIGNALS)
    yield "sys.settrace, sys.setprofile", (sys.gettrace(), sys.getprofile())
    shell = ipython_shell()
    if shell is None:
        return
    magics = shell.magics_manager.magics.values()
    yield "magics", chain.from_iterable(kind.values() for kind in magics)
    yield "events of IPython", chain.from_iterable(shell.events.callbacks.values())
    yield "formatters of IPython", _printers(shell)
    transformers = (shell.input_transformers_cleanup, shell.input_transformers_post)
    yield "transformers of cells", chain(*transformers, shell.ast_transformers)
    hooks = (getattr(hook, "chain", ()) for hook in shell.hooks.values())
    yield "hooks of IPython", (hook for each in hooks for _, hook in each)
    yield "handlers of exceptions", _exception_handlers(shell)


def _printers(shell: Any) -> Iterator[Any]:
    for formatter in shell.display_formatter.formatters.values():
        for name in ("singleton_printers", "type_printers", "deferred_printers"):
            yield from chain.from_iterable(getattr(formatter, name, {}).items())


def _exception_handlers(shell: Any) -> Iterator[Any]:
    """Yield the arguments of ``set_custom_exc``; IPython wraps the handler in its own function."""
    yield from shell.custom_exceptions
    custom = getattr(shell, "CustomTB", None)
    function = getattr(custom, "__func__", custom)
    for cell in getattr(function, "__closure__", None) or ():
        yield cell.cell_contents


GROUPS = {"attributes": Group(changed, put, module="sys")}
"""Part of `changed_settings.GROUPS`."""
