"""Trial load of pickles at the save, if code of the notebook makes their objects.

A class may define its pickling wrongly, and only a load shows it. So a small pickle is loaded once
into a namespace of its own: its classes and functions are copies, and find no variable that they
could change. A call that may change anything else (files, connections, random numbers, …) ends the
attempt without a result.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import hashlib
import io
import re
import sys
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import rebuilding
from .codecs import containers
from .graph import decoder
from .group import Group
from .interpreter_limits import no_collection
from .pickles import delayed_fill, instances, pickling
from .pickles.definitions import NOTEBOOK, is_definition
from .restore import release_partial_classes, restore

_LARGEST = 256 * 1024
"""Bytes of the largest group that is read back."""

_CALLS = 20_000
"""Calls after which the attempt ends: some milliseconds."""

_REMEMBERED = 500
"""Outcomes in the cache."""

_HARMLESS = frozenset(
    (
        *("abc", "array", "bisect", "builtins", "cmath", "collections", "contextlib", "copy"),
        *("copyreg", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
        *("hashlib", "blake2", "md5", "sha1", "sha2", "sha3", "heapq", "inspect", "itertools"),
        *("json", "litestate", "marshal", "math", "numbers", "numpy", "operator", "pandas"),
        *("pickle", "re", "sre", "statistics", "string", "struct", "types", "typing", "uuid"),
        *("weakref", "zlib"),
    )
)
"""Modules whose functions change only their arguments, except for `_HARMFUL` and `_SETTERS`."""

_HARMFUL = frozenset(
    (
        *("open", "input", "exec", "eval", "compile", "__import__", "breakpoint", "globals"),
        *("getcontext", "setcontext", "localcontext", "register", "pickle"),
    )
)
"""Functions of these modules that may change anything else."""

_SETTERS = re.compile(r"_*(?:re)?set.*|.*(?:options?|registry|register).*")
"""Names of functions of NumPy and pandas that change settings."""

_CONSTANTS = (int, float, complex, str, bytes, bool, types.NoneType, types.ModuleType)

_NAME_ERROR = re.compile(r"NameError: name '(\w+)' is not defined")

_MAKERS = frozenset(
    module.__name__
    for module in (containers, decoder, delayed_fill, instances, pickling, rebuilding)
)
"""Modules that call code of the notebook."""

_outcomes: OrderedDict[bytes, dict[str, str]] = OrderedDict()


class _StoppedError(KeyboardInterrupt):
    """The load may change something or takes too long. It ends like an interrupted one."""


def load_failures(group: Group, namespace: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a group that a load could not make, with reasons.

    Parameters
    ----------
    group : Group
        The group to store.
    namespace : mapping
        The notebook's; it is not changed.
    """
    if group.size > _LARGEST or sys.getprofile() is not None:
        return {}
    digest = hashlib.blake2b(digest_size=16)
    for _, content in group.members():
        digest.update(memoryview(content).cast("B"))
    key = digest.digest()
    if key not in _outcomes:
        _outcomes[key] = _try_loading(group, namespace)
        if len(_outcomes) > _REMEMBERED:
            _outcomes.popitem(last=False)
    return _outcomes[key]


def _try_loading(group: Group, namespace: Mapping[str, Any]) -> dict[str, str]:
    copied = Group(
        group.key,
        group.names,
        bytes(group.document),
        [bytearray(memoryview(each).cast("B")) for each in group.buffers],
        [bytes(each) for each in group.pickles],
        group.about,
    )
    apart = _names_apart(namespace)
    found: dict[str, str] = {}
    unseen = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(unseen),
            contextlib.redirect_stderr(unseen),
            no_collection(),
            _watched(),
        ):
            restored = restore([copied], apart, trusted=True, tidy=False)
        found = {each.path: each.reason for each in restored.failed}
        del restored
    except (KeyboardInterrupt, Exception):
        return {}
    finally:
        apart.clear()
        if found:
            release_partial_classes()
        else:
            # All objects are young: nothing was collected meanwhile.
            gc.collect(0)
    missing = {name for reason in found.values() for name in _NAME_ERROR.findall(reason)}
    # It failed only because other variables are missing here.
    return {} if missing & namespace.keys() else found


def _names_apart(namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that code may find: only values that it cannot change."""
    found = {
        name: value
        for name, value in namespace.items()
        if type(value) in _CONSTANTS or _is_imported(value)
    }
    return found | {"__builtins__": builtins, "__name__": NOTEBOOK}


def _is_imported(value: Any) -> bool:
    kind = type(value)
    is_callable = kind is types.BuiltinFunctionType or kind is types.FunctionType
    return (is_callable or issubclass(kind, type)) and not is_definition(value)


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """End the load at a call that may change something else."""
    left, stopped = _CALLS, False

    def watch(frame: types.FrameType, event: str, arg: Any) -> None:
        nonlocal left, stopped
        left -= 1
        is_harmless = event not in _CALLED or _CALLED[event](frame, arg)
        if left < 0 or not is_harmless:
            stopped = True
            raise _StoppedError

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)
    if stopped:
        # Code that catches all exceptions may have caught it.
        raise _StoppedError


def _is_harmless_frame(frame: types.FrameType, _: Any) -> bool:
    home, name = frame.f_globals.get("__name__"), frame.f_code.co_name
    is_known = home == NOTEBOOK or (_is_known(home) and not _is_setter(home, name))
    return is_known or not _is_for_pickle(frame.f_back)


def _is_harmless(frame: types.FrameType, function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    if type(owner) is io.StringIO:
        return True
    name = getattr(function, "__name__", "")
    if isinstance(owner, types.ModuleType) or owner is None:
        home = getattr(function, "__objclass__", function)
        module = getattr(home, "__module__", "")
    else:
        module = (owner if isinstance(owner, type) else type(owner)).__module__
    is_known = _is_known(module) and not _is_setter(module, name)
    return is_known or not _is_for_pickle(frame)


_CALLED: dict[str, Callable[[types.FrameType, Any], bool]] = {
    "call": _is_harmless_frame,
    "c_call": _is_harmless,
}


def _is_known(module: Any) -> bool:
    outer = str(module).lstrip("_").partition(".")[0]
    return outer in _HARMLESS and ".random" not in str(module)


def _is_setter(module: Any, name: str) -> bool:
    is_table = str(module).startswith(("numpy", "pandas"))
    return name in _HARMFUL or (is_table and bool(_SETTERS.fullmatch(name)))


def _is_for_pickle(frame: types.FrameType | None) -> bool:
    """Tell whether a frame belongs to code that a pickle names, and not to litestate's own work."""
    while frame is not None:
        home = str(frame.f_globals.get("__name__"))
        if home.startswith("litestate."):
            return home in _MAKERS
        frame = frame.f_back
    return True
