"""What a notebook has registered that no module shows, and what it has called to that end."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import ModuleType
from typing import Any

from ..platform import ipython_shell
from . import places
from .cell_targets import Chain, Reader, Targets, start_of
from .places import MISSING

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
"""Functions whose effect cannot be asked for: that a cell calls one is all that is known."""

_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGCHLD")
    if hasattr(signal, name)
)
"""Those that a program handles."""

NOT_KEPT = "which is not kept"

_CALLS = tuple(tuple(name.split(".")) for name in CALLS)


class Registrations:
    """Finds what is registered, and remembers what cells have called."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._called: dict[str, None] = {}

    def changed(self, names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield what is not kept: what it is, and why.

        Parameters
        ----------
        names : mapping
            The notebook's namespace.
        """
        yield from _registered(names)
        self._read_calls(names)
        for name in self._called:
            yield f"{name}()", f"a cell has called it, {NOT_KEPT}"

    def _read_calls(self, names: Mapping[str, Any]) -> None:
        """Remember which of `CALLS` the cells that have run since the last time have."""
        wanted: dict[Any, str] | None = None
        for found in self._reader.unread():
            for called in found.called:
                function = _meant(called, found, names)
                if called[-1] not in _LAST and getattr(function, "__name__", None) not in _LAST:
                    continue
                wanted = _functions() if wanted is None else wanted
                if callable(function) and (name := _name_in(wanted, function)):
                    self._called[name] = None


def _registered(names: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for label, values in _tables():
        if held := sorted({places.name_of(it) for it in values if places.is_notebooks(it, names)}):
            yield label, f"the notebook has registered {', '.join(held[:5])} there, {NOT_KEPT}"


def _tables() -> Iterator[tuple[str, Iterable[Any]]]:
    """Yield what is no part of a module: handlers of signals, and what the shell has."""
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
    yield "handlers of exceptions", _of_exceptions(shell)


def _printers(shell: Any) -> Iterator[Any]:
    for formatter in shell.display_formatter.formatters.values():
        for name in ("singleton_printers", "type_printers", "deferred_printers"):
            yield from chain.from_iterable(getattr(formatter, name, {}).items())


def _of_exceptions(shell: Any) -> Iterator[Any]:
    """Yield what ``set_custom_exc`` got; it stands in a function of IPython's around it."""
    yield from shell.custom_exceptions
    custom = getattr(shell, "CustomTB", None)
    function = getattr(custom, "__func__", custom)
    for cell in getattr(function, "__closure__", None) or ():
        yield cell.cell_contents


def _name_in(wanted: dict[Any, str], function: Any) -> str | None:
    try:
        return wanted.get(function)
    except TypeError:
        # It has no hash.
        return None


def _functions() -> dict[Any, str]:
    """Return the functions of `CALLS` whose modules are imported, with their names."""
    found: dict[Any, str] = {}
    for parts in _CALLS:
        at = max(
            at for at in range(1, len(parts)) if at == 1 or ".".join(parts[:at]) in sys.modules
        )
        function: Any = sys.modules.get(".".join(parts[:at]), MISSING)
        for step in parts[at:]:
            function = getattr(function, step, MISSING)
        if function is not MISSING:
            found[function] = ".".join(parts)
    return found


_LAST = frozenset(parts[-1] for parts in _CALLS)


def _meant(called: Chain, found: Targets, names: Mapping[str, Any]) -> Any:
    """Return the function that a cell calls, if a module leads to it."""
    if len(called) > 1 and called[-1] not in _LAST:
        return MISSING
    start = start_of(called[0], found, names)
    if len(called) > 1 and not isinstance(start, ModuleType):
        return MISSING
    for step in called[1:]:
        start = places.step(start, step)
    return start
