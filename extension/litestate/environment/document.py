"""What ``session/session.json`` holds: four parts with the same three verbs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Literal

from ..manifest import Skipped
from ..places import Places
from . import cells, options, process, randomness
from .applied import Applied
from .hostile import mapping, parse

Part = Literal["process", "options", "cells", "random"]

PARTS: tuple[Part, ...] = ("process", "options", "cells", "random")

BEFORE_VARIABLES: tuple[Part, ...] = ("process",)
"""Unpickling imports modules: folder and search path come first."""

AFTER_VARIABLES: tuple[Part, ...] = ("options", "cells", "random")
"""The random state last: whatever is loaded may draw random numbers."""


def describe(
    roots: Places | None = None, parts: Iterable[Part] = PARTS, *, thorough: bool = True
) -> dict[str, Any]:
    """Return these parts of the session, as JSON can hold them.

    Parameters
    ----------
    roots : Places, optional
        The root folders; by default those of this session.
    parts : iterable of str
        Which.
    thorough : bool, default: True
        Whether this may take a tenth of a second: all modules are scanned then.
    """
    verbs = {
        "process": lambda: process.describe(roots),
        "options": lambda: options.describe(thorough=thorough),
        "cells": cells.describe,
        "random": randomness.describe,
    }
    return {part: verbs[part]() for part in parts}


def dump(document: dict[str, Any]) -> bytes:
    """Return a document as it stands in a bundle: the same document, the same bytes."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1).encode()


def read(data: bytes, what: str = "session/session.json") -> dict[str, Any]:
    """Return the document that a bundle's member holds, checked.

    Raises
    ------
    DamagedBundleError
        If litestate would not have written it.
    """
    document = parse(data, what)
    check(document)
    return document


def check(document: dict[str, Any]) -> None:
    """Look for what litestate would not have written. Parts that it does not know are no fault.

    Raises
    ------
    DamagedBundleError
        If there is anything.
    """
    checks = {
        "process": process.check,
        "options": options.check,
        "cells": cells.check,
        "random": randomness.check,
    }
    mapping(document, "The session")
    for part, check_part in checks.items():
        if part in document:
            check_part(mapping(document[part], f"The session's part {part}"))


def left_out(document: dict[str, Any]) -> list[Skipped]:
    """Return what a document of `describe` leaves out, for the report of a save."""
    skipped = [
        Skipped(f"environment variable {name}", *process.REASONS[code])
        for name, code in document.get("process", {}).get("left_out", {}).items()
    ]
    for name, reason in document.get("options", {}).get("left_out", {}).items():
        skipped.append(Skipped(name, reason, "Set it again after loading."))
    return skipped


def apply(
    document: dict[str, Any],
    *,
    trusted: bool,
    parts: Iterable[Part] = PARTS,
    roots: Places | None = None,
) -> Applied:
    """Put these parts of the session back, as far as this session takes them.

    Never raises for something that does not fit here: that is in what is returned.

    Parameters
    ----------
    document : dict
        Of `read`, or of `describe` in this process.
    trusted : bool
        Whether what can make other code run is put back, too: environment variables, the search
        path, options that are not known to run nothing.
    parts : iterable of str
        Which, in this order.
    roots : Places, optional
        The root folders; by default those of this session.
    """
    applied = Applied()
    for part in parts:
        content = document.get(part)
        if content is None:
            continue
        if part == "process":
            applied.add(process.apply(content, trusted=trusted, roots=roots))
        elif part == "options":
            applied.add(options.apply(content, trusted=trusted))
        elif part == "cells":
            applied.add(cells.apply(content, trusted=trusted))
        else:
            applied.add(randomness.apply(content, trusted=trusted))
    return applied
