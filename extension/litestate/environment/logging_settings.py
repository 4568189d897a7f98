"""Settings of `warnings` and `logging`: filters, levels, and handlers of ``basicConfig``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from ..shell.cell_log import namespace
from .cell_sources import cells_mention
from .settings import Group, NotPlainError, Undo

_FILTERS = "filters"
_ACTIONS = ("default", "error", "ignore", "always", "all", "module", "once")

_MOST_FILTERS = 1000

_USUAL_FILTERS = (
    ("default", DeprecationWarning, "__main__"),
    ("ignore", DeprecationWarning, None),
    ("ignore", PendingDeprecationWarning, None),
    ("ignore", ImportWarning, None),
    ("ignore", ResourceWarning, None),
)
"""Python's own, in their order: action, category and module; any message, any line."""

_FILTER_FIELDS = 5

_FILTER_WORDS = ("warn",)
"""Packages add filters each time that they are imported: in a notebook that never mentions
warnings, all filters are theirs."""

Filter = tuple[str, Any, type[Warning], Any, int]

_ROOT = "root"
_DISABLED = "disable"
_LOGGER_FIELDS = 4
_HANDLER_FIELDS = 6

_LOGGER_WORDS = ("logg", "basicConfig", "getLogger")
"""Packages have loggers, too, and set them up when they are imported."""

_LONGEST_NAME = 200
"""Characters of a logger's name."""

_STREAMS = ("stdout", "stderr")


def _changed_filters(warnings: Any) -> Iterator[tuple[str, Any]]:
    """Yield all filters, if they are not Python's own.

    Yields
    ------
    str, list
        `_FILTERS`, and ``[action, message, category, module, line]`` of each filter, in the order
        in which they are tried. Message and module are null or ``[regular expression, flags]``, the
        category is ``"module:name"``.
    """
    filters = list(_current_filters(warnings))
    if filters != usual_filters() and cells_mention(*_FILTER_WORDS):
        yield _FILTERS, [_encode_filter(each) for each in filters[:_MOST_FILTERS]]


def _put_filters(warnings: Any, name: str, value: Any) -> Undo | None:
    """Put these filters first, in their order.

    Other filters of this session stay behind them, such as those of packages. But Python's own
    filters that are not among the saved ones were removed, and after a ``resetwarnings()`` no other
    filter stays.
    """
    if name != _FILTERS or not isinstance(value, list):
        raise KeyError("there is no setting of this name")
    wanted = [found for entry in value if (found := _decode_filter(entry)) is not None]
    before = list(_current_filters(warnings))
    own = usual_filters()
    was_reset = not any(each in own for each in wanted)
    others = [each for each in before if each not in (*wanted, *own) and not was_reset]
    if before == [*wanted, *others]:
        return None
    _set_filters(warnings, [*wanted, *others])
    return lambda: _set_filters(warnings, before)


def filter_patterns() -> set[tuple[str, int]]:
    """Return the regular expressions, with their flags, of the filters of this session."""
    found = (each[at] for each in _current_filters(sys.modules["warnings"]) for at in (1, 3))
    return {(each.pattern, each.flags) for each in found if isinstance(each, re.Pattern)}


def _current_filters(warnings: Any) -> list[Any]:
    # Since Python 3.14 each context can have its own.
    get = getattr(warnings, "_get_filters", None)
    filters: list[Any] = get() if get is not None else warnings.filters
    return filters


def _set_filters(warnings: Any, filters: list[Filter]) -> None:
    # In place: other modules hold the list.
    _current_filters(warnings)[:] = filters
    # The end of this block drops the cache of decisions of other filters.
    with warnings.catch_warnings():
        pass


def usual_filters() -> list[Filter]:
    """Return the filters that Python begins with."""
    return [(action, None, category, module, 0) for action, category, module in _USUAL_FILTERS]


def _encode_filter(each: Any) -> list[Any]:
    action, message, category, module, line = each
    kind = f"{category.__module__}:{category.__qualname__}"
    return [action, _encode_pattern(message), kind, _encode_pattern(module), line]


def _encode_pattern(pattern: Any) -> list[Any] | str | None:
    # Python's own have a text, which is compared as it is.
    if pattern is None or isinstance(pattern, str):
        return pattern
    return [pattern.pattern, pattern.flags]


def _decode_filter(entry: Any) -> Filter | None:
    """Return a filter, or None if the package of its category is not imported."""
    if not is_filter(entry):
        raise ValueError("a filter is not as litestate saves it")
    action, message, category, module, line = entry
    kind = _category(category)
    if kind is None:
        return None
    return (action, _decode_pattern(message), kind, _decode_pattern(module), line)


def _decode_pattern(pattern: Any) -> Any:
    return pattern if pattern is None or isinstance(pattern, str) else re.compile(*pattern)


def _category(category: str) -> Any:
    """Return a class that is already imported, or None: a filter imports nothing."""
    module, _, name = category.partition(":")
    if module == "__main__":
        found = namespace().get(name)
    else:
        found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Warning) else None


def is_filter(entry: Any) -> bool:
    """Tell whether an entry has the form of a saved filter."""
    if not isinstance(entry, list) or len(entry) != _FILTER_FIELDS:
        return False
    action, message, category, module, line = entry
    return (
        action in _ACTIONS
        and isinstance(category, str)
        and type(line) is int
        and line >= 0
        and all(_is_pattern(each) for each in (message, module))
    )


def _is_pattern(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return True
    is_pair = isinstance(value, list) and len(value) == 2
    return is_pair and isinstance(value[0], str) and type(value[1]) is int


def _changed_loggers(logging: Any) -> Iterator[tuple[str, Any]]:
    """Yield the settings of each logger.

    Yields
    ------
    str, list
        ``disable`` and the level below which nothing is logged; or ``logger NAME`` and
        ``[level, propagate, disabled, handlers]``. A handler is ``["StreamHandler", "stdout" or
        "stderr", level, format, date format, style]``, or a `NotPlainError` that names the handler
        that is not saved.
    """
    if not cells_mention(*_LOGGER_WORDS):
        return
    if logging.root.manager.disable:
        yield _DISABLED, logging.root.manager.disable
    for name, logger in _loggers(logging):
        handlers, other = _handlers(logging, name, logger)
        usual: list[Any] = [30 if logger is logging.root else 0, True, False, []]
        value = [logger.level, bool(logger.propagate), bool(logger.disabled), handlers]
        if value != usual:
            yield f"logger {name}", value
        for kind in other:
            yield f"logger {name} ({kind})", NotPlainError("its handler is not saved")
        if logger.filters:
            yield f"logger {name} (filter)", NotPlainError("its filter is not saved")


def _put_logger(logging: Any, name: str, value: Any) -> Undo | None:
    """Set the level of a logger, and add the handlers that it lacks."""
    if name == _DISABLED:
        before = logging.root.manager.disable
        logging.disable(value)
        return lambda: logging.disable(before)
    kind, _, name = name.partition(" ")
    if kind != "logger" or not is_logger(value):
        raise KeyError("there is no setting of this name")
    level, propagate, disabled, handlers = value
    logger = logging.root if name == _ROOT else logging.getLogger(name)
    before = (logger.level, logger.propagate, logger.disabled, list(logger.handlers))
    here = _handlers(logging, name, logger)[0]
    if [level, propagate, disabled] == list(before[:3]) and all(it in here for it in handlers):
        return None

    def undo() -> None:
        logger.setLevel(before[0])
        logger.propagate, logger.disabled = before[1:3]
        logger.handlers[:] = before[3]

    made = [_decode_handler(logging, each) for each in handlers if each not in here]
    logger.setLevel(level)
    logger.propagate, logger.disabled = propagate, disabled
    for handler in made:
        logger.addHandler(handler)
    return undo


def is_logger(value: Any) -> bool:
    """Tell whether a value has the form of a saved logger."""
    is_list = isinstance(value, list) and len(value) == _LOGGER_FIELDS
    if not is_list or not isinstance(value[3], list):
        return False
    level, propagate, disabled, handlers = value
    return (
        type(level) is int
        and type(propagate) is bool
        and type(disabled) is bool
        and all(map(_is_handler, handlers))
    )


def _is_handler(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != _HANDLER_FIELDS:
        return False
    kind, stream, level, *texts = value
    return (
        kind == "StreamHandler"
        and stream in _STREAMS
        and type(level) is int
        and all(text is None or isinstance(text, str) for text in texts)
        and texts[2] in (None, "%", "{", "$")
    )


def _loggers(logging: Any) -> Iterator[tuple[str, Any]]:
    yield _ROOT, logging.root
    for name, logger in sorted(logging.root.manager.loggerDict.items()):
        # A placeholder for loggers below it has no level.
        if not isinstance(logger, logging.Logger) or len(name) > _LONGEST_NAME:
            continue
        first = name.partition(".")[0]
        if name == "__main__" or cells_mention(first, if_unknown=not _is_of_package(name)):
            yield name, logger


def _is_of_package(name: str) -> bool:
    """Tell whether a package sets up this logger each time that it is imported."""
    first = name.partition(".")[0]
    return name not in (_ROOT, "__main__") and (first in sys.modules or first in _applications())


def _applications() -> set[str]:
    """Return the names of the applications of traitlets, such as the kernel: each has a logger."""
    module = sys.modules.get("traitlets.config.application")
    todo = [] if module is None else [module.Application]
    found: set[str] = set()
    while todo:
        kind = todo.pop()
        found.add(kind.__name__)
        todo += kind.__subclasses__()
    return found


def _handlers(logging: Any, name: str, logger: Any) -> tuple[list[list[Any]], list[str]]:
    """Return the handlers that can be saved, and the types of the others."""
    saved: list[list[Any]] = []
    other: list[str] = []
    if _is_of_package(name):
        return saved, other
    for handler in logger.handlers:
        found = _encode_handler(logging, handler)
        if found is not None:
            saved.append(found)
        elif type(handler).__module__.partition(".")[0] in ("logging", "__main__"):
            other.append(type(handler).__name__)
    return saved, other


def _encode_handler(logging: Any, handler: Any) -> list[Any] | None:
    if type(handler) is not logging.StreamHandler or handler.filters:
        return None
    stream = next((it for it in _STREAMS if handler.stream is getattr(sys, it)), None)
    formatter = handler.formatter
    if stream is None or type(formatter) not in (type(None), logging.Formatter):
        return None
    if formatter is None:
        return ["StreamHandler", stream, handler.level, None, None, None]
    styles = {kind: mark for mark, (kind, _) in logging._STYLES.items()}
    style = styles.get(type(formatter._style))
    if style is None:
        return None
    texts = [formatter._fmt, formatter.datefmt, style]
    return ["StreamHandler", stream, handler.level, *texts]


def _decode_handler(logging: Any, value: list[Any]) -> Any:
    _, stream, level, fmt, datefmt, style = value
    handler = logging.StreamHandler(getattr(sys, stream))
    handler.setLevel(level)
    if style is not None:
        handler.setFormatter(logging.Formatter(fmt, datefmt, style))
    return handler


GROUPS = {
    "warnings": Group(_changed_filters, _put_filters),
    "logging": Group(_changed_loggers, _put_logger),
}
"""Part of `changed_settings.GROUPS`."""
