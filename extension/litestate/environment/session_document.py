"""The document ``session/session.json``: four parts that are described, checked and applied."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from ..bundle.json_checks import mapping, parse
from ..bundle.manifest import Skipped
from ..host.roots import Roots
from . import cell_history, changed_settings, process_state, random_state
from .apply_result import Applied

Part = Literal["process", "options", "cells", "random"]

PARTS: tuple[Part, ...] = ("process", "options", "cells", "random")

BEFORE_VARIABLES: tuple[Part, ...] = ("process",)
"""Parts to apply before variables: unpickling imports modules, with this folder and search path."""

AFTER_VARIABLES: tuple[Part, ...] = ("options", "cells", "random")
"""Parts to apply after variables. The random state is last: loading may draw random numbers."""


def describe(
    roots: Roots | None = None, parts: Iterable[Part] = PARTS, *, thorough: bool = True
) -> dict[str, Any]:
    """Return these parts of the session as JSON.

    Parameters
    ----------
    roots : Roots, optional
        The root folders; by default those of this session.
    parts : iterable of str
        The parts.
    thorough : bool, default: True
        Whether to scan all modules, which takes up to a tenth of a second.
    """
    verbs = {
        "process": lambda: process_state.describe(roots),
        "options": lambda: changed_settings.describe(thorough=thorough),
        "cells": cell_history.describe,
        "random": random_state.describe,
    }
    return {part: verbs[part]() for part in parts}


def dump(document: dict[str, Any]) -> bytes:
    """Return a document as bytes for a bundle. Equal documents give equal bytes."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1).encode()


def read(data: bytes, what: str = "session/session.json") -> dict[str, Any]:
    """Return the checked document of a member of a bundle.

    Raises
    ------
    DamagedBundleError
        If litestate would not have written it.
    """
    document = parse(data, what)
    check(document)
    return document


def check(document: dict[str, Any]) -> None:
    """Refuse a document that litestate would not have written. Unknown parts are ignored.

    Raises
    ------
    DamagedBundleError
        With the reason.
    """
    checks = {
        "process": process_state.check,
        "options": changed_settings.check,
        "cells": cell_history.check,
        "random": random_state.check,
    }
    mapping(document, "The session")
    for part, check_part in checks.items():
        if part in document:
            check_part(mapping(document[part], f"The session's part {part}"))


def left_out(document: dict[str, Any]) -> list[Skipped]:
    """Return the entries that a document of `describe` leaves out, for the report of a save."""
    skipped = [
        Skipped(f"environment variable {name}", *process_state.REASONS[code])
        for name, code in document.get("process", {}).get("left_out", {}).items()
    ]
    for name, reason in document.get("options", {}).get("left_out", {}).items():
        skipped.append(Skipped(name, reason, "Set it again after loading."))
    return skipped


def waiting(document: dict[str, Any]) -> list[Skipped]:
    """Return what `apply` would not restore without trust; change nothing.

    Parameters
    ----------
    document : dict
        A document of `read`.
    """
    applied = Applied()
    if (content := document.get("process")) is not None:
        applied.add(process_state.apply(content, trusted=False, dry_run=True))
    if (content := document.get("options")) is not None:
        applied.add(changed_settings.apply(content, trusted=False, dry_run=True))
    return applied.waiting


def apply(
    document: dict[str, Any],
    *,
    trusted: bool,
    parts: Iterable[Part] = PARTS,
    roots: Roots | None = None,
) -> Applied:
    """Restore these parts of the session, as far as they fit this session.

    Whatever does not fit is in the result; it raises no error.

    Parameters
    ----------
    document : dict
        A document of `read`, or of `describe` in this process.
    trusted : bool
        Whether to restore also what can make other code run: environment variables, the search
        path, settings that are not known to be harmless.
    parts : iterable of str
        The parts, in this order.
    roots : Roots, optional
        The root folders; by default those of this session.
    """
    applied = Applied()
    for part in parts:
        content = document.get(part)
        if content is None:
            continue
        if part == "process":
            applied.add(process_state.apply(content, trusted=trusted, roots=roots))
        elif part == "options":
            applied.add(changed_settings.apply(content, trusted=trusted))
        elif part == "cells":
            applied.add(cell_history.apply(content, trusted=trusted))
        else:
            applied.add(random_state.apply(content, trusted=trusted))
    return applied
