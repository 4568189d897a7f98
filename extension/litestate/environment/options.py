"""Options of pandas, NumPy and matplotlib that are not as these packages begin with."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ..places import IN_BROWSER
from . import plain_options, safe_options
from .applied import Applied
from .hostile import mapping, text
from .installed import module_or_reason
from .plain_options import NotPlainError

_PRINT: dict[str, Any] = {
    "edgeitems": 3,
    "threshold": 1000,
    "floatmode": "maxprec",
    "precision": 8,
    "suppress": False,
    "linewidth": 75,
    "nanstr": "nan",
    "infstr": "inf",
    "sign": "-",
    "formatter": None,
    "legacy": False,
    "override_repr": None,
}
"""Defaults of ``numpy.set_printoptions``, as its documentation has them."""

_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
"""Defaults of ``numpy.seterr``, as its documentation has them."""

_OWN_RC = frozenset(("backend", "backend_fallback", "interactive"))
"""What IPython's kernels set when matplotlib is imported or shows its first figure (measured in
pyodide-kernel 0.8.6 and ipykernel 7.4)."""

_CYCLE = "matplotlib axes.prop_cycle"
"""Matplotlib before 3.11 evaluates a text here as Python: it never gets one, trusted or not."""

GROUPS = ("pandas", "numpy print", "numpy errors", "matplotlib")


def describe() -> dict[str, Any]:
    """Return the options that differ from their defaults, of the packages that are imported.

    Returns
    -------
    dict
        ``set``: group (one of `GROUPS`) to option to value as `plain_options` has it. ``left_out``:
        ``group option`` to the reason.
    """
    found: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    for group, changed in _CHANGED.items():
        module = sys.modules.get(group.partition(" ")[0])
        if module is None:
            continue
        values: dict[str, Any] = {}
        for name, value in changed(module):
            try:
                values[name] = plain_options.encode(value)
            except NotPlainError as error:
                left_out[f"{group} {name}"] = str(error)
        if values:
            found[group] = values
    return {"set": found, "left_out": left_out}


def check(document: dict[str, Any]) -> None:
    """Look for what litestate would not have written.

    Raises
    ------
    DamagedBundleError
        If there is anything.
    """
    for values in mapping(document.get("set", {}), "The options").values():
        for name, value in mapping(values, "The options").items():
            text(name, "An option's name", 1000)
            plain_options.check(value, f"The option {name}")
    for name, reason in mapping(document.get("left_out", {}), "The options").items():
        text(name, "An option's name", 1000)
        text(reason, "A reason", 1000)


def apply(document: dict[str, Any], *, trusted: bool) -> Applied:
    """Set the options again that these packages take here.

    Parameters
    ----------
    document : dict
        Of `describe`, checked.
    trusted : bool
        Whether options may be set that might make other code run, and packages imported from
        anywhere.
    """
    applied = Applied()
    for group, values in document.get("set", {}).items():
        if group not in GROUPS:
            applied.skip(f"options of {group}", "are not known to this version of litestate")
            continue
        module, reason = module_or_reason(group.partition(" ")[0], trusted=trusted)
        if module is None:
            applied.skip(f"options of {group}", reason)
            continue
        _apply_group(group, module, values, applied, trusted)
    for name, reason in document.get("left_out", {}).items():
        applied.skip(name, reason, "Set it again where it is needed.")
    return applied


def _apply_group(
    group: str, module: Any, values: dict[str, Any], applied: Applied, trusted: bool
) -> None:
    done: list[str] = []
    put = _SETTERS[group]
    for name, value in values.items():
        what = f"{group} {name}"
        if group == "matplotlib" and name in _OWN_RC:
            applied.skip(what, "is for this kernel to say")
            continue
        if what == _CYCLE and not safe_options.is_cycle(value):
            applied.skip(what, "is no cycle of properties as litestate saves it")
            continue
        if not trusted and not safe_options.runs_nothing(group, name, value):
            applied.wait(what, "might make other code run")
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                back = put(module, name, plain_options.decode(value))
        except Exception as error:
            # Whatever the package's own validators raise.
            applied.skip(what, f"was not accepted here ({type(error).__name__}: {error})")
            continue
        applied.on_undo(back)
        done.append(name)
    if done:
        applied.lines.append(f"{group} options: {', '.join(done)}")
        if IN_BROWSER and group.startswith("numpy"):
            applied.warnings.append(
                "In this kernel, NumPy's print and error options last until the end of the cell "
                "that sets them: set them again in the cells that need them."
            )


def _of_pandas(pandas: Any) -> Iterator[tuple[str, Any]]:
    config = pandas._config.config
    for name, option in config._registered_options.items():
        # Asking for these warns, and they no longer do anything.
        if name not in config._deprecated_options:
            value = pandas.get_option(name)
            if not _same(value, option.defval):
                yield name, value


def _print_of_numpy(numpy: Any) -> Iterator[tuple[str, Any]]:
    for name, value in numpy.get_printoptions().items():
        if name in _PRINT and not _same(value, _PRINT[name]):
            yield name, value


def _errors_of_numpy(numpy: Any) -> Iterator[tuple[str, Any]]:
    for name, value in numpy.geterr().items():
        if value != _ERRORS.get(name):
            yield name, value


def _of_matplotlib(matplotlib: Any) -> Iterator[tuple[str, Any]]:
    current, default = matplotlib.rcParams, matplotlib.rcParamsDefault
    for name in default:
        # Reading the backend would choose one.
        if name not in _OWN_RC and not _same(current[name], default[name]):
            yield name, current[name]


def _same(one: Any, other: Any) -> bool:
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:
        # What compares to something that has no truth is not one of the defaults.
        return False


def _put_pandas(pandas: Any, name: str, value: Any) -> Callable[[], object]:
    config = pandas._config.config
    # pandas takes the beginning of a name and any case; a bundle has names in full.
    if name not in config._registered_options:
        raise KeyError("pandas has no option of this name")
    before = pandas.get_option(name)
    pandas.set_option(name, value)
    return lambda: pandas.set_option(name, before)


def _put_print(numpy: Any, name: str, value: Any) -> Callable[[], object]:
    if name not in _PRINT:
        raise KeyError("NumPy has no print option of this name")
    before = numpy.get_printoptions()[name]
    numpy.set_printoptions(**{name: value})
    return lambda: numpy.set_printoptions(**{name: before})


def _put_errors(numpy: Any, name: str, value: Any) -> Callable[[], object]:
    if name not in _ERRORS or value in ("call", "log"):
        raise ValueError(f"{value!r} needs a function, which is not saved")
    before = numpy.geterr()[name]
    numpy.seterr(**{name: value})
    return lambda: numpy.seterr(**{name: before})


def _put_matplotlib(matplotlib: Any, name: str, value: Any) -> Callable[[], object]:
    if name not in matplotlib.rcParams:
        raise KeyError("matplotlib has no parameter of this name")
    before = matplotlib.rcParams[name]
    matplotlib.rcParams[name] = value
    return lambda: matplotlib.rcParams.__setitem__(name, before)


_CHANGED: dict[str, Callable[[Any], Iterator[tuple[str, Any]]]] = {
    "pandas": _of_pandas,
    "numpy print": _print_of_numpy,
    "numpy errors": _errors_of_numpy,
    "matplotlib": _of_matplotlib,
}

_SETTERS: dict[str, Callable[[Any, str, Any], Callable[[], object]]] = {
    "pandas": _put_pandas,
    "numpy print": _put_print,
    "numpy errors": _put_errors,
    "matplotlib": _put_matplotlib,
}
