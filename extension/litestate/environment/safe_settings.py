"""Which settings of Python run nothing, and cannot stop the kernel; see `safe_options`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import loggers, warning_filters

_LITERAL = re.compile(r"[\w .,:;/'-]{0,300}")
"""A regular expression without anything that could be repeated."""
_LOCALE = re.compile(r"[A-Za-z0-9_.@-]{1,100}")
_NAME = re.compile(r"[\w .:/#+-]{1,200}")
_FORMAT = re.compile(r"(?:%\((?:asctime|created|filename|funcName|levelname|levelno|lineno|message"
                     r"|module|msecs|name|pathname|process|relativeCreated|thread|threadName)\)"
                     r"-?\d{0,2}[sdf]|[^%{}$\x00-\x08])*")  # fmt: skip
_DATE = re.compile(r"(?:%[A-Za-z%]|[\w .,:/-])*")

_FLAGS = (0, 2, 32, 34)
"""None, re.I, re.U, and both: what `warnings.filterwarnings` and a text's pattern have."""

Shape = Callable[[Any], bool]


def _between(least: float, most: float) -> Shape:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _whole(least: int, most: int) -> Shape:
    return lambda value: type(value) is int and least <= value <= most


def _text(pattern: re.Pattern[str]) -> Shape:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(*allowed: Any) -> Shape:
    return lambda value: any(type(value) is type(one) and value == one for one in allowed)


def _signals(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _filters(value: Any) -> bool:
    """Tell whether no filter has a regular expression that could take long."""
    return (
        isinstance(value, list)
        and len(value) <= 1000
        and all(warning_filters.is_filter(each) and _plain_filter(each) for each in value)
    )


def _plain_filter(value: list[Any]) -> bool:
    _, message, _, module, _ = value
    return all(
        each is None or isinstance(each, str) or _plain_pattern(*each) for each in (message, module)
    )


def _plain_pattern(pattern: str, flags: int) -> bool:
    if flags in _FLAGS and _LITERAL.fullmatch(pattern):
        return True
    # One that a package here has, too, such as that which it adds when it is imported.
    return (pattern, flags) in warning_filters.patterns()


def _dialect(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 8
        and all(it is None or isinstance(it, bool | int | str) for it in value)
        and all(len(it) <= 10 for it in value if isinstance(it, str))
    )


def _logger(value: Any) -> bool:
    return (
        loggers.is_logger(value)
        and all(_handler(each) for each in value[3])
        and (len(value[3]) <= 10)
    )


def _handler(value: list[Any]) -> bool:
    *_, fmt, datefmt, style = value
    return style in (None, "%") and all(
        text is None or (len(text) <= 500 and pattern.fullmatch(text) is not None)
        for text, pattern in ((fmt, _FORMAT), (datefmt, _DATE))
    )


_flag = _one_of(True, False)

SAFE: dict[str, tuple[tuple[str, Shape], ...]] = {
    "warnings": ((r"filters", _filters),),
    "decimal": (
        (r"(DefaultContext\.)?prec", _whole(1, 100_000)),
        (r"(DefaultContext\.)?rounding", _text(re.compile(r"ROUND_[A-Z_0]{1,20}"))),
        (r"(DefaultContext\.)?E(min|max)", _whole(-999_999_999, 999_999_999)),
        (r"(DefaultContext\.)?(capitals|clamp)", _one_of(0, 1)),
        (r"(DefaultContext\.)?(traps|flags)", _signals),
    ),
    # Higher, a recursion would end the kernel instead of raising an error.
    "sys": (
        (r"recursion limit", _whole(500, 5000)),
        (r"int max str digits", _whole(640, 1_000_000)),
        (r"switch interval", _between(0.0001, 1)),
    ),
    "gc": ((r"enabled", _flag),),
    "socket": ((r"default timeout", _between(0.001, 86_400)),),
    "csv": ((r"field size limit", _whole(1, 2**31 - 1)),),
    "csv dialects": ((r".{1,100}", _dialect),),
    "locale": ((r"LC_[A-Z]+", _text(_LOCALE)),),
    "logging": ((r"disable", _whole(0, 1000)), (r"logger [\w.-]{1,200}", _logger)),
    "calendar": ((r"first weekday", _whole(0, 6)),),
    "xml.etree.ElementTree namespaces": ((r"[\w.:/#~%+-]{1,500}", _text(_NAME)),),
    "matplotlib interactive": ((r"mode", _flag),),
    "numpy buffer": ((r"size", _whole(16, 16_000_000)),),
    # Not assume_finite and skip_parameter_validation: compiled code relies on what they check.
    "sklearn": (
        (r"working_memory", _whole(1, 100_000)),
        (r"(print_changed_only|enable_metadata_routing)", _flag),
        (r"display", _one_of("text", "diagram")),
        # Not polars, which would be imported.
        (r"transform_output", _one_of("default", "pandas")),
    ),
    "xarray": (
        (r"arithmetic_join", _one_of("inner", "outer", "left", "right", "exact")),
        (r"display_style", _one_of("text", "html")),
        (r"display_expand_\w+|keep_attrs", _one_of(True, False, "default")),
        (r"display_default_indexes", _flag),
        (r"display_(max_\w+|values_threshold|width)", _whole(0, 100_000)),
        (r"cmap_(divergent|sequential)", _text(re.compile(r"\w{1,100}"))),
    ),
    "IPython": (
        (r"\w*InteractiveShell\.ast_node_interactivity",
         _one_of("all", "last", "last_expr", "none", "last_expr_or_assign")),
        (r"PlainTextFormatter\.float_precision", _text(re.compile(r"\d{0,2}|%\.?\d{1,2}[efg]"))),
        (r"traceback mode", _one_of("Plain", "Context", "Verbose", "Minimal", "Docs")),
        (r"PlainTextFormatter\.(max_seq_length|max_width)", _whole(0, 1_000_000)),
        (r"PlainTextFormatter\.(pprint|verbose)", _flag),
        (r"InlineBackend\.figure_format", _one_of("png", "retina", "svg", "jpeg", "pdf")),
        (r"InlineBackend\.figure_formats",
         lambda value: isinstance(value, list) and all(
             _one_of("png", "retina", "svg", "jpeg", "pdf")(each) for each in value)),
    ),
}  # fmt: skip
