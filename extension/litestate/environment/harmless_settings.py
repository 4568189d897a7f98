r"""Settings that an untrusted bundle may change.

This is a list of what is allowed, not of what is known to be dangerous: a setting that a package
adds in the future waits for trust. Every entry for Matplotlib and pandas was looked up in the
sources of Matplotlib 3.10.8 and 3.11 (``rcsetup.py`` and where the value is used) and of pandas 3.0
(``core/config_init.py``): neither the validator nor the code that uses the value evaluates it,
imports what it names, starts a program or opens a file. Texts have no brackets, quotes, ``$``,
``\\``, ``=`` or ``<``, so they cannot be an expression, TeX, markup, or a font pattern with a
file. Only the entries for dates and time zones allow a ``/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .logging_settings import filter_patterns, is_filter, is_logger

_LONGEST = 1000
"""Entries of a list, and characters of a text: colors of a cycle, names of fonts."""

_WORD = re.compile(r"[\w .,:#+*|^-]*")
_MARKER = re.compile(r"[\w .,:#+*|^<>-]*")
_DATE = re.compile(r"(?:%[A-Za-z%]|[\w .,:/-])*")
"""Formats of ``strftime`` without a width, which could ask for any amount of memory."""
_EPOCH = re.compile(r"[\dT:.+-]+")
_ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[A-Za-z][\w+-]*){0,2}")
"""Names of the time zone database: no path that begins at the root or leads up."""
_LITERAL = re.compile(r"[\w .,:;/'-]{0,300}")
"""A regular expression without repetition."""
_LOCALE = re.compile(r"[A-Za-z0-9_.@-]{1,100}")
_NAME = re.compile(r"[\w .:/#+-]{1,200}")
_LOG_FORMAT = re.compile(
    r"(?:%\((?:asctime|created|filename|funcName|levelname|levelno|lineno|message"
    r"|module|msecs|name|pathname|process|relativeCreated|thread|threadName)\)"
    r"-?\d{0,2}[sdf]|[^%{}$\x00-\x08])*"
)

_FLAGS = (0, 2, 32, 34)
"""None, re.I, re.U, and both: flags of `warnings.filterwarnings` and of a text's pattern."""

Shape = Callable[[Any], bool]


def _number(value: Any) -> bool:
    """Tell whether JSON is numbers, booleans, None, or nested lists of them."""
    return _numbers(value, 3)


def _numbers(value: Any, deep: int) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    entries = _entries(value)
    return entries is not None and deep > 0 and all(_numbers(entry, deep - 1) for entry in entries)


def _entries(value: Any) -> list[Any] | None:
    if isinstance(value, dict):
        value = value.get("tuple")
    return value if isinstance(value, list) and len(value) <= _LONGEST else None


def _text(pattern: re.Pattern[str]) -> Shape:
    def matches(value: Any) -> bool:
        if isinstance(value, str):
            return len(value) <= _LONGEST and pattern.fullmatch(value) is not None
        return _number(value)

    return matches


def _one_of(*allowed: Any) -> Shape:
    return lambda value: any(type(value) is type(one) and value == one for one in allowed)


_word, _marker = _text(_WORD), _text(_MARKER)


def _words(value: Any) -> bool:
    entries = _entries(value)
    return _word(value) if entries is None else all(map(_word, entries))


def is_cycle(value: Any) -> bool:
    """Tell whether a checked value is a cycler as `settings.encode` writes it."""
    return isinstance(value, dict) and value.keys() == {"cycler"}


def _plain_cycle(value: Any) -> bool:
    return is_cycle(value) and all(
        _word(name) and len(column) <= _LONGEST and all(map(_marker, column))
        for name, column in value["cycler"].items()
    )


def _between(least: float, most: float) -> Shape:
    return lambda value: type(value) in (int, float) and least <= value <= most


def _whole(least: int, most: int) -> Shape:
    return lambda value: type(value) is int and least <= value <= most


def _match(pattern: re.Pattern[str]) -> Shape:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _signals(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _filters(value: Any) -> bool:
    """Tell whether these are filters without a regular expression that could take long."""
    return (
        isinstance(value, list)
        and len(value) <= 1000
        and all(is_filter(each) and _plain_filter(each) for each in value)
    )


def _plain_filter(value: list[Any]) -> bool:
    _, message, _, module, _ = value
    return all(
        each is None or isinstance(each, str) or _plain_pattern(*each) for each in (message, module)
    )


def _plain_pattern(pattern: str, flags: int) -> bool:
    if flags in _FLAGS and _LITERAL.fullmatch(pattern):
        return True
    # A pattern of a filter that is here already, such as one that a package adds.
    return (pattern, flags) in filter_patterns()


def _dialect(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 8
        and all(it is None or isinstance(it, bool | int | str) for it in value)
        and all(len(it) <= 10 for it in value if isinstance(it, str))
    )


def _logger(value: Any) -> bool:
    return is_logger(value) and all(_handler(each) for each in value[3]) and (len(value[3]) <= 10)


def _handler(value: list[Any]) -> bool:
    *_, fmt, datefmt, style = value
    return style in (None, "%") and all(
        text is None or (len(text) <= 500 and pattern.fullmatch(text) is not None)
        for text, pattern in ((fmt, _LOG_FORMAT), (datefmt, _DATE))
    )


_flag = _one_of(True, False)


# The first pattern that matches the full name decides.
_MATPLOTLIB: tuple[tuple[str, Shape], ...] = (
    (r"axes\.prop_cycle", _plain_cycle),
    (r"(lines|scatter|boxplot\.\w+)\.marker", _marker),
    (r"(axes|axes3d|figure|grid|legend|lines|patch|xtick|ytick|hatch|text|boxplot)\.(\w+\.)*"
     r"\w*(color|linestyle|size|weight|_capstyle|_joinstyle)", _word),
    (r"scatter\.edgecolors|savefig\.(face|edge)color", _word),
    (r"[xy]axis\.labellocation|[xy]tick\.(alignment|direction|minor\.ndivs)", _word),
    (r"axes\.(titlelocation|axisbelow|grid\.which|grid\.axis|autolimit_mode)", _word),
    (r"axes3d\.mouserotationstyle|contour\.(negative_linestyle|algorithm)", _word),
    (r"markers\.fillstyle|pcolor\.shading|hist\.bins|legend\.loc|text\.(hinting|language)", _word),
    (r"image\.(aspect|cmap|interpolation|interpolation_stage|origin)", _word),
    (r"mathtext\.\w+", _word),
    (r"font\.(style|variant|stretch|weight|size)", _word),
    (r"font\.(family|serif|sans-serif|cursive|fantasy|monospace)", _words),
    (r"date\.autoformatter\.\w+", _text(_DATE)),
    (r"date\.converter", _word),
    (r"date\.epoch", _text(_EPOCH)),
    (r"timezone", _text(_ZONE)),
    (r"savefig\.(dpi|bbox|orientation)|ps\.papersize|svg\.(fonttype|hashsalt)", _word),
    # Not pgf, which starts LaTeX.
    (r"savefig\.format", _one_of(
        "png", "pdf", "svg", "svgz", "jpg", "jpeg", "tif", "tiff", "webp", "ps", "eps"
    )),
    # Not html5, which starts ffmpeg.
    (r"animation\.html", _one_of("none", "jshtml")),
    # Only numbers from here on.
    (r"(axes|axes3d|polaraxes|boxplot|contour|errorbar|grid|hatch|hist|image|legend|lines|patch"
     r"|pcolor|pcolormesh|xtick|ytick|figure\.subplot|figure\.constrained_layout)\.[\w.]+",
     _number),
    (r"figure\.(figsize|dpi|frameon|autolayout|max_open_warning)", _number),
    (r"text\.(antialiased|hinting_factor|kerning_factor|parse_math)", _number),
    (r"savefig\.(pad_inches|transparent)|font\.enable_last_resort", _number),
    (r"path\.(simplify|simplify_threshold|snap|sketch)|agg\.path\.chunksize", _number),
    (r"pdf\.(compression|inheritcolor|use14corefonts|fonttype)", _number),
    (r"ps\.(useafm|fonttype|distiller\.res)|svg\.image_inline", _number),
    (r"date\.interval_multiples|animation\.(embed_limit|bitrate)", _number),
)  # fmt: skip

_PANDAS: tuple[tuple[str, Shape], ...] = (
    (r"display\.(colheader_justify|large_repr|show_dimensions|memory_usage)", _word),
    (r"display\.[\w.]+", _number),
    (r"styler\.format\.(decimal|thousands|na_rep|escape)|styler\.render\.repr", _word),
    (r"styler\.latex\.multi(row|col)_align", _word),
    (r"styler\.(sparse|render|html)\.\w+|styler\.format\.precision|styler\.latex\.hrules", _number),
    (r"mode\.(chained_assignment|copy_on_write)", _word),
    # Not pyarrow: pandas would import it, from wherever it is found.
    (r"mode\.string_storage", _one_of("auto", "python")),
    (r"mode\.(sim_interactive|performance_warnings|max_threads|use_inf_as_na)", _number),
    (r"compute\.use_(bottleneck|numexpr)", _one_of(False)),
    (r"future\.\w+", _number),
)

_PRINT: tuple[tuple[str, Shape], ...] = (
    (r"edgeitems|threshold|precision|suppress|linewidth", _number),
    (r"floatmode|nanstr|infstr|sign|legacy", _word),
)

_ERRORS: tuple[tuple[str, Shape], ...] = (
    (r"divide|over|under|invalid", _one_of("ignore", "warn", "raise", "print")),
)

_HARMLESS: dict[str, tuple[tuple[str, Shape], ...]] = {
    "matplotlib": _MATPLOTLIB,
    "pandas": _PANDAS,
    "numpy print": _PRINT,
    "numpy errors": _ERRORS,
    "warnings": ((r"filters", _filters),),
    "decimal": (
        (r"(DefaultContext\.)?prec", _whole(1, 100_000)),
        (r"(DefaultContext\.)?rounding", _match(re.compile(r"ROUND_[A-Z_0]{1,20}"))),
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
    "locale": ((r"LC_[A-Z]+", _match(_LOCALE)),),
    "logging": ((r"disable", _whole(0, 1000)), (r"logger [\w.-]{1,200}", _logger)),
    "calendar": ((r"first weekday", _whole(0, 6)),),
    "xml.etree.ElementTree namespaces": ((r"[\w.:/#~%+-]{1,500}", _match(_NAME)),),
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
        (r"cmap_(divergent|sequential)", _match(re.compile(r"\w{1,100}"))),
    ),
    "IPython": (
        (r"\w*InteractiveShell\.ast_node_interactivity",
         _one_of("all", "last", "last_expr", "none", "last_expr_or_assign")),
        (r"PlainTextFormatter\.float_precision", _match(re.compile(r"\d{0,2}|%\.?\d{1,2}[efg]"))),
        (r"traceback mode", _one_of("Plain", "Context", "Verbose", "Minimal", "Docs")),
        (r"PlainTextFormatter\.(max_seq_length|max_width)", _whole(0, 1_000_000)),
        (r"PlainTextFormatter\.(pprint|verbose)", _flag),
        (r"InlineBackend\.figure_format", _one_of("png", "retina", "svg", "jpeg", "pdf")),
        (r"InlineBackend\.figure_formats",
         lambda value: isinstance(value, list) and all(
             _one_of("png", "retina", "svg", "jpeg", "pdf")(each) for each in value)),
    ),
}  # fmt: skip


def is_harmless_setting(group: str, name: str, value: Any) -> bool:
    """Tell whether a bundle without trust may set a setting to a value.

    Parameters
    ----------
    group, name : str
        The group and name of the setting, as in `changed_settings.describe`.
    value : JSON
        The value, checked and not decoded.
    """
    for pattern, shape in _HARMLESS.get(group, ()):
        if re.fullmatch(pattern, name):
            return shape(value)
    return False
