"""Options of pandas, NumPy and matplotlib that are not as these packages begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .settings import Group, same

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

OWN_RC = frozenset(("backend", "backend_fallback", "interactive"))
"""What IPython's kernels set when matplotlib is imported or shows its first figure (measured in
pyodide-kernel 0.8.6 and ipykernel 7.4)."""


def _of_pandas(pandas: Any) -> Iterator[tuple[str, Any]]:
    config = pandas._config.config
    for name, option in config._registered_options.items():
        # Asking for these warns, and they no longer do anything.
        if name not in config._deprecated_options:
            value = pandas.get_option(name)
            if not same(value, option.defval):
                yield name, value


def _print_of_numpy(numpy: Any) -> Iterator[tuple[str, Any]]:
    for name, value in numpy.get_printoptions().items():
        if name in _PRINT and not same(value, _PRINT[name]):
            yield name, value


def _errors_of_numpy(numpy: Any) -> Iterator[tuple[str, Any]]:
    for name, value in numpy.geterr().items():
        if value != _ERRORS.get(name):
            yield name, value


def _of_matplotlib(matplotlib: Any) -> Iterator[tuple[str, Any]]:
    current, default = matplotlib.rcParams, matplotlib.rcParamsDefault
    for name in default:
        # Reading the backend would choose one.
        if name not in OWN_RC and not same(current[name], default[name]):
            yield name, current[name]


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


GROUPS = {
    "pandas": Group(_of_pandas, _put_pandas),
    "numpy print": Group(_print_of_numpy, _put_print),
    "numpy errors": Group(_errors_of_numpy, _put_errors),
    "matplotlib": Group(_of_matplotlib, _put_matplotlib),
}
"""As in `options`."""
