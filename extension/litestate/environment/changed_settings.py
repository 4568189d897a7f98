"""The part "options" of the session: settings of Python and of libraries that were changed."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from ..bundle.json_checks import mapping, text
from ..host.installed_modules import module_or_reason
from ..platform import IN_BROWSER
from . import (
    harmless_settings,
    ipython_settings,
    library_settings,
    module_changes,
    settings,
    stdlib_settings,
)
from .apply_result import Applied
from .settings import Group, NotPlainError, Undo

_CYCLE = "matplotlib axes.prop_cycle"
"""Matplotlib before 3.11 evaluates a text here as Python, so it never gets one, with or without
trust."""

GROUPS: dict[str, Group] = {
    **library_settings.GROUPS,
    **stdlib_settings.GROUPS,
    **ipython_settings.GROUPS,
    **module_changes.GROUPS,
}
"""Groups of settings by their name in bundles. Its first word is the module."""

_OF_ONE_CELL = ("numpy print", "numpy errors", "decimal")
"""Groups that Python keeps in the context of the task that runs a cell."""


def describe(*, thorough: bool = True) -> dict[str, Any]:
    """Return the settings of imported packages that differ from their defaults.

    Parameters
    ----------
    thorough : bool, default: True
        Whether to scan all modules now for objects of the notebook, or some at a time.

    Returns
    -------
    dict
        ``set``: group (one of `GROUPS`) to setting to value as `settings.encode` returns it.
        ``left_out``: ``group setting`` to the reason.
    """
    module_changes.known.thorough = thorough
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
                values[option] = settings.encode(value)
            except NotPlainError as error:
                left_out[_label(name, option)] = str(error)
    except Exception as error:
        # The module may be half imported, or replaced by a notebook.
        left_out[f"options of {name}"] = f"could not be read ({type(error).__name__}: {error})"
    return values


def _label(group: str, option: str) -> str:
    return option.replace(":", ".") if group == "attributes" else f"{group} {option}"


def check(document: dict[str, Any]) -> None:
    """Refuse a document that litestate would not have written.

    Raises
    ------
    DamagedBundleError
        With the reason.
    """
    for values in mapping(document.get("set", {}), "The options").values():
        for name, value in mapping(values, "The options").items():
            text(name, "An option's name", 1000)
            settings.check(value, f"The option {name}")
    for name, reason in mapping(document.get("left_out", {}), "The options").items():
        text(name, "An option's name", 1000)
        text(reason, "A reason", 1000)


def apply(document: dict[str, Any], *, trusted: bool, dry_run: bool = False) -> Applied:
    """Set the saved settings again that the packages of this session accept.

    Parameters
    ----------
    document : dict
        A checked document of `describe`.
    trusted : bool
        Whether to set what might make other code run, and to import packages from anywhere.
    dry_run : bool, optional
        Whether to change nothing, and only find what waits for trust.
    """
    applied = Applied(dry_run)
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
        label = _label(group, name)
        if group == "matplotlib" and name in library_settings.OWN_RC:
            applied.skip(label, "is set by this kernel, not by a bundle")
            continue
        if label == _CYCLE and not harmless_settings.is_cycle(value):
            applied.skip(label, "is not a cycle of properties as litestate saves it")
            continue
        if not trusted and not harmless_settings.is_harmless_setting(group, name, value):
            applied.wait(label, "might make other code run")
            continue
        if applied.dry_run:
            continue
        try:
            undo = _put(group, module, name, settings.decode(value))
        except Exception as error:
            # The package's own validators may raise anything.
            applied.skip(label, f"was not accepted here ({type(error).__name__}: {error})")
            continue
        if undo is not None:
            applied.on_undo(undo)
            if name not in GROUPS[group].quiet:
                done.append(name)
    if done:
        applied.lines.append(f"{group} options: {', '.join(done)}")
        if IN_BROWSER and group in _OF_ONE_CELL:
            applied.warnings.append(
                f"In this kernel, the {group} options last until the end of the cell that sets "
                "them: set them again in the cells that need them."
            )


def _put(group: str, module: Any, name: str, value: Any) -> Undo | None:
    put = GROUPS[group].put
    if group == "warnings":
        # Inside of the block below, its end would restore the earlier filters.
        return put(module, name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return put(module, name, value)
