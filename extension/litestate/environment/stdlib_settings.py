"""Settings of the standard library that were changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import logging_settings
from .cell_sources import cells_mention
from .settings import Group, Setting, Undo, group_of

_CATEGORIES = ("LC_CTYPE", "LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")

_CONTEXT: dict[str, Any] = {
    "prec": 28,
    "rounding": "ROUND_HALF_EVEN",
    "Emin": -999_999,
    "Emax": 999_999,
    "capitals": 1,
    "clamp": 0,
    "traps": ["DivisionByZero", "InvalidOperation", "Overflow"],
    "flags": [],
}
"""Defaults of `decimal.DefaultContext`, as its documentation has them."""

_SIGNALS = ("traps", "flags")

_DIALECT = (
    *("delimiter", "quotechar", "escapechar", "doublequote", "skipinitialspace"),
    *("lineterminator", "quoting", "strict"),
)
_OWN_DIALECTS = ("excel", "excel-tab", "unix")

_NAMESPACES = {
    "http://www.w3.org/XML/1998/namespace",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://schemas.xmlsoap.org/wsdl/",
    "http://www.w3.org/2001/XMLSchema",
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://purl.org/dc/elements/1.1/",
}
"""Namespaces that `xml.etree.ElementTree` registers."""


def _context(decimal: Any) -> Iterator[tuple[str, Any]]:
    for prefix, context in _contexts(decimal).items():
        for name, usual in _CONTEXT.items():
            value = _read_context(context, name)
            if value != usual and not (prefix and name == "flags"):
                yield prefix + name, value


def _contexts(decimal: Any) -> dict[str, Any]:
    return {"": decimal.getcontext(), "DefaultContext.": decimal.DefaultContext}


def _read_context(context: Any, name: str) -> Any:
    value = getattr(context, name)
    if name in _SIGNALS:
        return sorted(signal.__name__ for signal, is_on in value.items() if is_on)
    return value


def _put_context(decimal: Any, name: str, value: Any) -> Undo:
    prefix, _, field = name.rpartition(".")
    contexts = _contexts(decimal)
    context = contexts.get(f"{prefix}." if prefix else "")
    if context is None or field not in _CONTEXT:
        raise KeyError("the decimal context has no setting of this name")
    before = _read_context(context, field)
    _write_context(context, field, value)
    return lambda: _write_context(context, field, before)


def _write_context(context: Any, name: str, value: Any) -> None:
    if name not in _SIGNALS:
        setattr(context, name, value)
        return
    signals = getattr(context, name)
    known = {signal.__name__ for signal in signals}
    if not isinstance(value, list) or not known.issuperset(value):
        raise ValueError("a signal of this name does not exist here")
    for signal in signals:
        signals[signal] = signal.__name__ in value


def _dialects(csv: Any) -> Iterator[tuple[str, Any]]:
    for name in sorted(set(csv.list_dialects()) - set(_OWN_DIALECTS)):
        dialect = csv.get_dialect(name)
        yield name, [getattr(dialect, field) for field in _DIALECT]


def _put_dialect(csv: Any, name: str, value: Any) -> Undo:
    if not isinstance(value, list) or len(value) != len(_DIALECT):
        raise ValueError("it is not a dialect as litestate saves it")
    before = csv.get_dialect(name) if name in csv.list_dialects() else None
    csv.register_dialect(name, **dict(zip(_DIALECT, value, strict=True)))

    def undo() -> None:
        if before is None:
            csv.unregister_dialect(name)
        else:
            csv.register_dialect(name, before)

    return undo


def _locales(locale: Any) -> Iterator[tuple[str, Any]]:
    # Python itself sets the first one, from the environment of the machine.
    for name in _CATEGORIES[1:]:
        value = locale.setlocale(getattr(locale, name))
        if value != "C":
            yield name, value


def _put_locale(locale: Any, name: str, value: Any) -> Undo:
    if name not in _CATEGORIES or not isinstance(value, str):
        raise KeyError("there is no category of this name")
    category = getattr(locale, name)
    before = locale.setlocale(category)
    locale.setlocale(category, value)
    return lambda: locale.setlocale(category, before)


def _namespaces(etree: Any) -> Iterator[tuple[str, Any]]:
    # Packages that write such files register namespaces each time that they are imported.
    if not cells_mention("register_namespace", if_unknown=False):
        return
    for uri, prefix in list(etree._namespace_map.items()):
        if uri not in _NAMESPACES:
            yield uri, prefix


def _put_namespace(etree: Any, uri: str, prefix: Any) -> Undo:
    before = dict(etree._namespace_map)
    etree.register_namespace(prefix, uri)

    def undo() -> None:
        etree._namespace_map.clear()
        etree._namespace_map.update(before)

    return undo


def _enable(gc: Any, is_on: Any) -> None:
    if not isinstance(is_on, bool):
        raise TypeError("it is neither True nor False")
    (gc.enable if is_on else gc.disable)()


def _stack_size(threading: Any) -> int:
    """Return the size. Reading it resets it to 0, so set it again."""
    try:
        size: int = threading.stack_size()
        threading.stack_size(size)
    except (RuntimeError, ValueError):
        # There are no threads here.
        return 0
    return size


def _default_timeout(socket: Any, seconds: Any) -> None:
    socket.setdefaulttimeout(seconds)


_SYS = {
    "recursion limit": Setting(
        lambda sys: sys.getrecursionlimit(),
        lambda sys, value: sys.setrecursionlimit(value),
        (1000,),
        # Packages set it, too, such as jedi.
        ("recursionlimit",),
    ),
    "int max str digits": Setting(
        lambda sys: sys.get_int_max_str_digits(),
        lambda sys, value: sys.set_int_max_str_digits(value),
        (4300,),
    ),
    "switch interval": Setting(
        lambda sys: sys.getswitchinterval(),
        lambda sys, value: sys.setswitchinterval(value),
        (0.005,),
    ),
}

GROUPS = {
    "warnings": logging_settings.GROUPS["warnings"],
    "decimal": Group(_context, _put_context, frozenset(("flags",))),
    "sys": group_of(_SYS),
    "gc": group_of({"enabled": Setting(lambda gc: gc.isenabled(), _enable, (True,), ("gc",))}),
    "threading": group_of(
        {
            "stack size": Setting(
                _stack_size,
                lambda threading, value: threading.stack_size(value),
                (0,),
            )
        }
    ),
    "socket": group_of(
        {"default timeout": Setting(lambda s: s.getdefaulttimeout(), _default_timeout, (None,))}
    ),
    "csv": group_of(
        {
            "field size limit": Setting(
                lambda csv: csv.field_size_limit(),
                lambda csv, value: csv.field_size_limit(value),
                (131_072,),
            )
        }
    ),
    "csv dialects": Group(_dialects, _put_dialect),
    "locale": Group(_locales, _put_locale),
    "logging": logging_settings.GROUPS["logging"],
    "calendar": group_of(
        {
            "first weekday": Setting(
                lambda calendar: int(calendar.firstweekday()),
                lambda calendar, day: calendar.setfirstweekday(day),
                (0,),
            )
        }
    ),
    "xml.etree.ElementTree namespaces": Group(_namespaces, _put_namespace),
}
"""Part of `changed_settings.GROUPS`."""
