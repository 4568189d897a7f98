"""Settings of NumPy, pandas, matplotlib, scikit-learn and xarray that were changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .cell_sources import cells_mention
from .settings import Group, NotPlainError, Setting, Undo, group_of, same

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
"""Parameters that IPython's kernels set when matplotlib is imported or shows its first figure
(measured in pyodide-kernel 0.8.6 and ipykernel 7.4)."""


def _of_pandas(pandas: Any) -> Iterator[tuple[str, Any]]:
    config = pandas._config.config
    for name, option in config._registered_options.items():
        # Reading a deprecated option warns, and it no longer does anything.
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


def _put_pandas(pandas: Any, name: str, value: Any) -> Undo:
    config = pandas._config.config
    # pandas accepts abbreviated names in any case; a bundle has full names.
    if name not in config._registered_options:
        raise KeyError("pandas has no option of this name")
    before = pandas.get_option(name)
    pandas.set_option(name, value)
    return lambda: pandas.set_option(name, before)


def _put_print(numpy: Any, name: str, value: Any) -> Undo:
    if name not in _PRINT:
        raise KeyError("NumPy has no print option of this name")
    before = numpy.get_printoptions()[name]
    numpy.set_printoptions(**{name: value})
    return lambda: numpy.set_printoptions(**{name: before})


def _put_errors(numpy: Any, name: str, value: Any) -> Undo:
    if name not in _ERRORS or value in ("call", "log"):
        raise ValueError(f"{value!r} needs a function, which is not saved")
    before = numpy.geterr()[name]
    numpy.seterr(**{name: value})
    return lambda: numpy.seterr(**{name: before})


def _put_matplotlib(matplotlib: Any, name: str, value: Any) -> Undo:
    if name not in matplotlib.rcParams:
        raise KeyError("matplotlib has no parameter of this name")
    before = matplotlib.rcParams[name]
    matplotlib.rcParams[name] = value
    return lambda: matplotlib.rcParams.__setitem__(name, before)


def _of_sklearn(sklearn: Any) -> Iterator[tuple[str, Any]]:
    # Each thread has a copy; this one keeps scikit-learn's defaults.
    usual = sklearn._config._global_config
    for name, value in sklearn.get_config().items():
        if not same(value, usual.get(name)):
            yield name, value


def _put_sklearn(sklearn: Any, name: str, value: Any) -> Undo:
    before = sklearn.get_config()[name]
    sklearn.set_config(**{name: value})
    return lambda: sklearn.set_config(**{name: before})


_XARRAY: dict[str, Any] = {
    "arithmetic_join": "inner",
    "cmap_divergent": "RdBu_r",
    "cmap_sequential": "viridis",
    "display_expand_attrs": "default",
    "display_expand_coords": "default",
    "display_expand_data": "default",
    "display_expand_data_vars": "default",
    "display_expand_groups": "default",
    "display_expand_indexes": "default",
    "display_default_indexes": False,
    "display_max_children": 6,
    "display_max_items": 20,
    "display_max_html_elements": 300,
    "display_max_rows": 12,
    "display_style": "html",
    "display_values_threshold": 200,
    "display_width": 80,
    "keep_attrs": "default",
}
"""Defaults of ``xarray.set_options``, as its documentation has them."""


def _of_xarray(xarray: Any) -> Iterator[tuple[str, Any]]:
    for name, value in xarray.get_options().items():
        if name in _XARRAY and not same(value, _XARRAY[name]):
            yield name, value


def _put_xarray(xarray: Any, name: str, value: Any) -> Undo:
    before = xarray.get_options()[name]
    xarray.set_options(**{name: value})
    return lambda: xarray.set_options(**{name: before})


_BACKEND_WORDS = ("%matplotlib", "matplotlib.use(", "mpl.use(", "switch_backend(")


def _of_pyplot(matplotlib: Any) -> Iterator[tuple[str, Any]]:
    # IPython's kernels set it when matplotlib is imported.
    if cells_mention("ioff", "plt.ion", "interactive(", if_unknown=False):
        yield "mode", matplotlib.is_interactive()
    backend = dict.get(matplotlib.rcParams, "backend")
    is_inline = not isinstance(backend, str) or "inline" in backend
    if not is_inline and cells_mention(*_BACKEND_WORDS, if_unknown=False):
        yield "backend", NotPlainError(f"each kernel has its own, and this is {backend}")


def _put_pyplot(matplotlib: Any, name: str, value: Any) -> Undo | None:
    if name != "mode" or not isinstance(value, bool):
        raise KeyError("there is no setting of this name")
    before = matplotlib.is_interactive()
    if before == value:
        return None
    matplotlib.interactive(value)
    return lambda: matplotlib.interactive(before)


GROUPS = {
    "pandas": Group(_of_pandas, _put_pandas),
    "numpy print": Group(_print_of_numpy, _put_print),
    "numpy errors": Group(_errors_of_numpy, _put_errors),
    "matplotlib": Group(_of_matplotlib, _put_matplotlib),
    "numpy buffer": group_of(
        {
            "size": Setting(
                lambda numpy: numpy.getbufsize(),
                lambda numpy, size: numpy.setbufsize(size),
                (8192,),
            )
        }
    ),
    "matplotlib interactive": Group(_of_pyplot, _put_pyplot),
    "sklearn": Group(_of_sklearn, _put_sklearn),
    "xarray": Group(_of_xarray, _put_xarray),
}
"""Part of `changed_settings.GROUPS`."""
