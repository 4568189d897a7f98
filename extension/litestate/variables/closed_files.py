"""A codec for closed files: in most notebooks a ``with open(...)`` has left one."""

from __future__ import annotations

import io
import os
from typing import Any

from .codecs import Codec, Get, OpaqueError, Put
from .payloads import parts, text

_OPENED_AS: dict[str, tuple[str, type[Any]]] = {
    "rb": ("r", io.BufferedReader),
    "wb": ("w", io.BufferedWriter),
    "ab": ("a", io.BufferedWriter),
    "rb+": ("r+", io.BufferedRandom),
}
"""How a file is opened that has this mode, and what is around it."""

_TYPES = (io.TextIOWrapper, io.BufferedReader, io.BufferedWriter, io.BufferedRandom)


def _closed(file: Any, _: Put) -> list[str]:
    if not file.closed:
        raise OpaqueError
    is_text = type(file) is io.TextIOWrapper
    try:
        raw = file.buffer.raw if is_text else file.raw
        name, mode = raw.name, raw.mode
    except (AttributeError, ValueError) as error:
        # Of something else than a file, or taken apart.
        raise OpaqueError from error
    if type(raw) is not io.FileIO or type(name) is not str or mode not in _OPENED_AS:
        raise OpaqueError
    own = getattr(file, "mode", mode) if is_text else ""
    if type(own) is not str:
        raise OpaqueError
    return [name, mode, own, *([file.encoding, file.errors] if is_text else [])]


def _read(payload: Any, get: Get) -> Any:
    name, mode, own, *how = (text(each, get) for each in parts(payload, None, get))
    if mode not in _OPENED_AS or len(how) not in (0, 2):
        raise get.fail("a closed file has a mode that is none")
    opened_as, around = _OPENED_AS[mode]
    raw: Any
    with io.FileIO(os.devnull, opened_as) as raw:
        raw.name = name
        file: Any = around(raw)
        if how:
            try:
                file = io.TextIOWrapper(file, encoding=how[0], errors=how[1])
            except (LookupError, ValueError) as error:
                raise get.missing(f"the encoding {how[0]!r:.40} is not known here") from error
            file.mode = own
        file.close()
    return file


CODECS = (Codec("file", _TYPES, _closed, _read),)
