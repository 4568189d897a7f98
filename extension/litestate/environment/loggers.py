"""Levels of `logging`, and the handlers that ``logging.basicConfig`` and its like make."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from .plain_options import NotPlainError
from .settings import Undo, cells_mention

_WORDS = ("logg", "basicConfig", "getLogger")
"""Packages have loggers, too, and set them up themselves."""

_ROOT = "root"
_DISABLED = "disable"
_FIELDS = 4
_HANDLER = 6

_LONGEST = 200
"""Characters of a logger's name."""

_STREAMS = ("stdout", "stderr")


def changed(logging: Any) -> Iterator[tuple[str, Any]]:
    """Yield what was set of each logger.

    Yields
    ------
    str, list
        ``disable`` and the level below which nothing is logged; or ``logger NAME`` and
        ``[level, propagate, disabled, handlers]``. A handler is ``["StreamHandler", "stdout" or
        "stderr", level, format, date format, style]``, or a `NotPlainError` that says which is not
        kept.
    """
    if not cells_mention(*_WORDS):
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
            yield f"logger {name} ({kind})", NotPlainError("its handler is not kept")
        if logger.filters:
            yield f"logger {name} (filter)", NotPlainError("its filter is not kept")


def put(logging: Any, name: str, value: Any) -> Undo | None:
    """Set the level of a logger, and give it the handlers that it does not have."""
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

    made = [_handler(logging, each) for each in handlers if each not in here]
    logger.setLevel(level)
    logger.propagate, logger.disabled = propagate, disabled
    for handler in made:
        logger.addHandler(handler)
    return undo


def is_logger(value: Any) -> bool:
    """Tell whether this is a logger as `changed` yields it."""
    if not isinstance(value, list) or len(value) != _FIELDS or not isinstance(value[3], list):
        return False
    level, propagate, disabled, handlers = value
    return (
        type(level) is int
        and type(propagate) is bool
        and type(disabled) is bool
        and all(map(_is_handler, handlers))
    )


def _is_handler(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != _HANDLER:
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
        if not isinstance(logger, logging.Logger) or len(name) > _LONGEST:
            continue
        first = name.partition(".")[0]
        if name == "__main__" or cells_mention(first, if_unknown=not _is_of_package(name)):
            yield name, logger


def _is_of_package(name: str) -> bool:
    """Tell whether a package sets up this logger itself, each time that it is imported."""
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
    """Return the handlers that can be kept, and the types of the others."""
    kept: list[list[Any]] = []
    other: list[str] = []
    if _is_of_package(name):
        return kept, other
    for handler in logger.handlers:
        found = _described(logging, handler)
        if found is not None:
            kept.append(found)
        elif type(handler).__module__.partition(".")[0] in ("logging", "__main__"):
            other.append(type(handler).__name__)
    return kept, other


def _described(logging: Any, handler: Any) -> list[Any] | None:
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


def _handler(logging: Any, value: list[Any]) -> Any:
    _, stream, level, fmt, datefmt, style = value
    handler = logging.StreamHandler(getattr(sys, stream))
    handler.setLevel(level)
    if style is not None:
        handler.setFormatter(logging.Formatter(fmt, datefmt, style))
    return handler
