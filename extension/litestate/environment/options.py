"""Options of libraries and settings of Python that are not as these begin with."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

from ..platform import IN_BROWSER
from . import (
    attributes,
    ipython_settings,
    libraries,
    more_libraries,
    plain_options,
    safe_options,
    standard,
)
from .applied import Applied
from .hostile import mapping, text
from .installed import module_or_reason
from .plain_options import NotPlainError
from .settings import Group

_CYCLE = "matplotlib axes.prop_cycle"
"""Matplotlib before 3.11 evaluates a text here as Python: it never gets one, trusted or not."""

GROUPS: dict[str, Group] = {
    **libraries.GROUPS,
    **more_libraries.GROUPS,
    **standard.GROUPS,
    **ipython_settings.GROUPS,
    **attributes.GROUPS,
}
"""By the name that a bundle has for them, whose first word is the module."""

_UNTIL_THE_END = ("numpy print", "numpy errors", "decimal")
"""What Python keeps in the context of the task that runs a cell."""


def describe(*, thorough: bool = True) -> dict[str, Any]:
    """Return the options that differ from their defaults, of the packages that are imported.

    Parameters
    ----------
    thorough : bool, default: True
        Whether to look into all modules now for what hangs there, or some at a time.

    Returns
    -------
    dict
        ``set``: group (one of `GROUPS`) to option to value as `plain_options` has it. ``left_out``:
        ``group option`` to the reason.
    """
    attributes.known.thorough = thorough
    found: dict[str, dict[str, Any]] = {}
    left_out: dict[str, str] = {}
    for name, group in GROUPS.items():
        module = sys.modules.get(group.module or name.partition(" ")[0])
        if module is None:
            continue
        values = _values(name, group, module, left_out)
        if values:
            found[name] = values
    return {"set": found, "left_out": left_out}


def _values(name: str, group: Group, module: Any, left_out: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    try:
        for option, value in group.changed(module):
            try:
                if isinstance(value, NotPlainError):
                    raise value
                values[option] = plain_options.encode(value)
            except NotPlainError as error:
                left_out[_what(name, option)] = str(error)
    except Exception as error:
        # The module may be half imported, or replaced by a notebook.
        left_out[f"options of {name}"] = f"could not be read ({type(error).__name__}: {error})"
    return values


def _what(group: str, option: str) -> str:
    return option.replace(":", ".") if group == "attributes" else f"{group} {option}"


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
    for name, values in document.get("set", {}).items():
        if name not in GROUPS:
            applied.skip(f"options of {name}", "are not known to this version of litestate")
            continue
        module_name = GROUPS[name].module or name.partition(" ")[0]
        module, reason = module_or_reason(module_name, trusted=trusted)
        if module is None:
            applied.skip(f"options of {name}", reason)
            continue
        _apply_group(name, module, values, applied, trusted)
    for name, reason in document.get("left_out", {}).items():
        applied.skip(name, reason, "Set it again where it is needed.")
    return applied


def _apply_group(
    group: str, module: Any, values: dict[str, Any], applied: Applied, trusted: bool
) -> None:
    done: list[str] = []
    for name, value in values.items():
        what = _what(group, name)
        if group == "matplotlib" and name in libraries.OWN_RC:
            applied.skip(what, "is for this kernel to say")
            continue
        if what == _CYCLE and not safe_options.is_cycle(value):
            applied.skip(what, "is no cycle of properties as litestate saves it")
            continue
        if not trusted and not safe_options.runs_nothing(group, name, value):
            applied.wait(what, "might make other code run")
            continue
        try:
            back = _put(group, module, name, plain_options.decode(value))
        except Exception as error:
            # Whatever the package's own validators raise.
            applied.skip(what, f"was not accepted here ({type(error).__name__}: {error})")
            continue
        if back is not None:
            applied.on_undo(back)
            if name not in GROUPS[group].quiet:
                done.append(name)
    if done:
        applied.lines.append(f"{group} options: {', '.join(done)}")
        if IN_BROWSER and group in _UNTIL_THE_END:
            applied.warnings.append(
                f"In this kernel, the {group} options last until the end of the cell that sets "
                "them: set them again in the cells that need them."
            )


def _put(group: str, module: Any, name: str, value: Any) -> Callable[[], object] | None:
    put = GROUPS[group].put
    if group == "warnings":
        # Inside of the other branch they would be those of before at its end.
        return put(module, name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return put(module, name, value)
