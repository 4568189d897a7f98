"""Settings of scikit-learn and xarray, and those of NumPy and Matplotlib that are no options."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .plain_options import NotPlainError
from .settings import Group, Setting, Undo, cells_mention, group_of, same


def _of_sklearn(sklearn: Any) -> Iterator[tuple[str, Any]]:
    # Each thread has a copy of these; they stay as scikit-learn begins with.
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


_BACKEND = ("%matplotlib", "matplotlib.use(", "mpl.use(", "switch_backend(")


def _of_pyplot(matplotlib: Any) -> Iterator[tuple[str, Any]]:
    # IPython's kernels set it when matplotlib is imported.
    if cells_mention("ioff", "plt.ion", "interactive(", if_unknown=False):
        yield "mode", matplotlib.is_interactive()
    backend = dict.get(matplotlib.rcParams, "backend")
    is_inline = not isinstance(backend, str) or "inline" in backend
    if not is_inline and cells_mention(*_BACKEND, if_unknown=False):
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
"""As in `options`."""
