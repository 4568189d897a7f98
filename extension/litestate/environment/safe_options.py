r"""Which options run nothing: all others of a stranger's bundle wait for trust.

A list of what is allowed, not of what is known to be dangerous: what a package adds some day waits.
Every entry was looked up in the sources of Matplotlib 3.10.8 and 3.11 (``rcsetup.py`` and where
the value is used) and of pandas 3.0 (``core/config_init.py``): neither the validator nor who uses
the value evaluates it, imports what it names, starts a program or opens a file. Texts have no
brackets, quotes, ``$``, ``\\``, ``=`` or ``<``, so they can be no expression, TeX, markup, or font
pattern with a file; with a ``/`` only where said.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import safe_settings

_LONGEST = 1000
"""Entries of a list, and characters of a text: colours of a cycle, names of fonts."""

_WORD = re.compile(r"[\w .,:#+*|^-]*")
_MARKER = re.compile(r"[\w .,:#+*|^<>-]*")
_DATE = re.compile(r"(?:%[A-Za-z%]|[\w .,:/-])*")
"""Formats of ``strftime`` without a width, which could ask for any amount of memory."""
_EPOCH = re.compile(r"[\dT:.+-]+")
_ZONE = re.compile(r"[A-Za-z][\w+-]*(?:/[A-Za-z][\w+-]*){0,2}")
"""Names of the time zone database: no path that begins at the root or goes up."""

Shape = Callable[[Any], bool]


def _number(value: Any) -> bool:
    """Whether a value as JSON is numbers only: None, a boolean, and lists of lists of them."""
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
    """Tell whether a checked value is a cycler as `plain_options.encode` writes it."""
    return isinstance(value, dict) and value.keys() == {"cycler"}


def _plain_cycle(value: Any) -> bool:
    return is_cycle(value) and all(
        _word(name) and len(column) <= _LONGEST and all(map(_marker, column))
        for name, column in value["cycler"].items()
    )


# The first that fits a name in full counts.
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
    # From here on numbers only.
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
    # Not pyarrow, as all that would be imported by name, from wherever it is found.
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

_SAFE = {
    "matplotlib": _MATPLOTLIB,
    "pandas": _PANDAS,
    "numpy print": _PRINT,
    "numpy errors": _ERRORS,
    **safe_settings.SAFE,
}


def runs_nothing(group: str, name: str, value: Any) -> bool:
    """Tell whether an option can be set to a value for a bundle that nobody trusts.

    Parameters
    ----------
    group, name : str
        Of the option, as in `options.describe`.
    value : JSON
        Checked, and not decoded.
    """
    for pattern, shape in _SAFE.get(group, ()):
        if re.fullmatch(pattern, name):
            return shape(value)
    return False
