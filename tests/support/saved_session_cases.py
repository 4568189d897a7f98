"""Changes of the process by a cell, for docs/what-is-saved.md and its tests."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from functools import cached_property

SET = "set"
SET_IF_TRUSTED = "set, with trust"
NAMED = "named"


@dataclass(frozen=True)
class Change:
    """A change that a cell makes to the process.

    Attributes
    ----------
    title : str
        What it is, for the table.
    expected : str
        `SET` (also from a stranger's bundle), `SET_IF_TRUSTED` or `NAMED`.
    source : str
        The cell.
    check : str
        An expression whose value the cell changes.
    reset : str
        Code that undoes the change, as a new session would.
    in_kernel : bool
        Whether it can be tried in the site's kernel.
    """

    title: str
    expected: str
    source: str
    check: str
    reset: str
    in_kernel: bool = True

    @cached_property
    def missing(self) -> str:
        """The reason why it cannot be tried here, or an empty text."""
        for node in ast.walk(ast.parse(self.source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            for name in names:
                if importlib.util.find_spec(name.partition(".")[0]) is None:
                    return f"{name.partition('.')[0]} is not installed"
        return ""


_WARNED = (
    "import warnings\n"
    "def warned(text='deprecated thing', kind=UserWarning):\n"
    "    with warnings.catch_warnings(record=True) as caught:\n"
    "        try:\n            warnings.warn(text, kind, stacklevel=2)\n"
    "        except Warning as error:\n            return 'raised'\n"
    "    return len(caught)\n"
)
_NO_FILTERS = "warnings.filters[:] = before_filters\nwith warnings.catch_warnings(): pass"


def _warnings(title: str, source: str, check: str, expected: str = SET, before: str = "") -> Change:
    start = _WARNED + before + "before_filters = list(warnings.filters)\n"
    return Change(title, expected, start + source, check, _NO_FILTERS)


WARNINGS = (
    _warnings('`warnings.filterwarnings("ignore")`', "warnings.filterwarnings('ignore')", "warned()"),
    _warnings('`warnings.simplefilter("error", …)`', "warnings.simplefilter('error', UserWarning)", "warned()"),
    _warnings("`warnings.filterwarnings` with a message",
              "warnings.filterwarnings('ignore', message='deprecated')", "warned(), warned('other')"),
    _warnings("`warnings.filterwarnings` with a regular expression",
              "warnings.filterwarnings('ignore', message='.*(thing|other)')", "warned(), warned('third')", SET_IF_TRUSTED),
    _warnings("`warnings.filterwarnings` with a module",
              "warnings.filterwarnings('ignore', module='some.module')", "str(warnings.filters[0][3])"),
    _warnings("`warnings.filterwarnings` for a class of the notebook",
              "class Careful(UserWarning): pass\nwarnings.simplefilter('error', Careful)", "warned(kind=Careful), warned()"),
    _warnings("`warnings.simplefilter(…, append=True)`",
              "warnings.simplefilter('error', FutureWarning, append=True)", "[each[:3] for each in warnings.filters][-1]"),
    _warnings("`warnings.resetwarnings()`", "warnings.resetwarnings()", "len(warnings.filters)"),
    _warnings("`warnings.resetwarnings()` with a filter of a package",
              "warnings.resetwarnings()", "len(warnings.filters)", before="warnings.filterwarnings('ignore', 'of a package')\n"),
)  # fmt: skip

_OF_CONTEXT = "decimal.setcontext(decimal.Context())"

DECIMAL = (
    Change("`decimal.getcontext().prec`", SET,
           "import decimal\ndecimal.getcontext().prec = 5",
           "decimal.Decimal(1) / 3", _OF_CONTEXT),
    Change("`decimal.getcontext().rounding`", SET,
           "import decimal\ndecimal.getcontext().rounding = decimal.ROUND_DOWN",
           "round(decimal.Decimal('2.675'), 2), decimal.getcontext().rounding", _OF_CONTEXT),
    Change("`decimal.setcontext(ExtendedContext)`", SET,
           "import decimal\ndecimal.setcontext(decimal.ExtendedContext)",
           "decimal.getcontext().prec, str(decimal.Decimal(1) / 0) if not any(decimal.getcontext().traps.values()) else ''", _OF_CONTEXT),
    Change("traps, `Emin`, `Emax`, `capitals`, `clamp` of the decimal context", SET,
           "import decimal\nwith_traps = decimal.getcontext()\nwith_traps.traps[decimal.Inexact] = True\n"
        "with_traps.Emin, with_traps.Emax, with_traps.capitals, with_traps.clamp = -99, 99, 0, 1",
           "repr(decimal.getcontext())", _OF_CONTEXT),
    Change("flags of the decimal context", SET,
           "import decimal\ndecimal.getcontext().clear_flags()\ndecimal.getcontext().flags[decimal.Rounded] = True",
           "decimal.getcontext().flags[decimal.Rounded]", _OF_CONTEXT),
    Change("`decimal.DefaultContext`", SET,
           "import decimal\ndecimal.DefaultContext.prec = 9",
           "decimal.DefaultContext.prec", "decimal.DefaultContext.prec = 28"),
)  # fmt: skip

PYTHON = (
    Change("`sys.setrecursionlimit`", SET,
           "import sys\nsys.setrecursionlimit(2500)",
           "sys.getrecursionlimit()", "sys.setrecursionlimit(1000)", in_kernel=False),
    Change("`sys.setrecursionlimit` of a million", SET_IF_TRUSTED,
           "import sys\nsys.setrecursionlimit(10**6)",
           "sys.getrecursionlimit()", "sys.setrecursionlimit(1000)", in_kernel=False),
    Change("`sys.set_int_max_str_digits`", SET,
           "import sys\nsys.set_int_max_str_digits(10_000)",
           "sys.get_int_max_str_digits()", "sys.set_int_max_str_digits(4300)"),
    Change("`sys.set_int_max_str_digits(0)`", SET_IF_TRUSTED,
           "import sys\nsys.set_int_max_str_digits(0)",
           "sys.get_int_max_str_digits()", "sys.set_int_max_str_digits(4300)"),
    Change("`sys.setswitchinterval`", SET,
           "import sys\nsys.setswitchinterval(0.25)",
           "sys.getswitchinterval()", "sys.setswitchinterval(0.005)", in_kernel=False),
    Change("`gc.disable()`", SET, "import gc\ngc.disable()", "gc.isenabled()", "gc.enable()"),
    Change("`threading.stack_size`", SET_IF_TRUSTED,
           "import threading\n_ = threading.stack_size(2**26)",
           "(lambda size: (threading.stack_size(size), size)[1])(threading.stack_size())", "threading.stack_size(0)", in_kernel=False),
    Change("`socket.setdefaulttimeout`", SET,
           "import socket\nsocket.setdefaulttimeout(7.5)",
           "socket.getdefaulttimeout()", "socket.setdefaulttimeout(None)"),
    Change("`csv.field_size_limit`", SET,
           "import csv\n_ = csv.field_size_limit(10**9)",
           "csv.field_size_limit()", "csv.field_size_limit(131_072)"),
    Change("`csv.register_dialect`", SET,
           "import csv\ncsv.register_dialect('swiss', delimiter=';', quoting=csv.QUOTE_ALL)",
           "'swiss' in csv.list_dialects() and list(csv.reader(['a;b'], 'swiss'))", "if 'swiss' in csv.list_dialects(): csv.unregister_dialect('swiss')"),
    Change("`locale.setlocale`", SET,
           "import locale\n_ = locale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')",
           "locale.setlocale(locale.LC_NUMERIC)", "locale.setlocale(locale.LC_NUMERIC, 'C')", in_kernel=False),
    Change("`calendar.setfirstweekday`", SET,
           "import calendar\ncalendar.setfirstweekday(6)",
           "calendar.month(2026, 11)", "calendar.setfirstweekday(0)"),
    Change("`xml.etree.ElementTree.register_namespace`", SET,
           "import xml.etree.ElementTree as tree\ntree.register_namespace('lite', 'https://example.org/lite')",
           "tree.tostring(tree.Element('{https://example.org/lite}a'))", "tree._namespace_map.pop('https://example.org/lite', None)"),
    Change("`logging.getLogger(…).setLevel`", SET,
           "import logging\nlogging.getLogger('my.app').setLevel('DEBUG')",
           "logging.getLogger('my.app').getEffectiveLevel()", "logging.getLogger('my.app').setLevel(0)"),
    Change("`logging.disable`", SET,
           "import logging\nlogging.disable(logging.ERROR)",
           "logging.getLogger('my.app').isEnabledFor(30)", "logging.disable(0)"),
    Change("`logging.basicConfig`", SET,
           "import logging, sys\nlogging.basicConfig(level='INFO', format='%(levelname)s: %(message)s', stream=sys.stdout, force=True)",
           "logging.root.level, [(type(h).__name__, h.formatter and h.formatter._fmt) for h in logging.root.handlers]",
           "logging.root.setLevel(30)\nlogging.root.handlers[:] = []"),
    Change("filter of a logger", NAMED,
           "import logging\ndef loud(record): return True\nlogging.getLogger('my.app').addFilter(loud)",
           "len(logging.getLogger('my.app').filters)", "logging.getLogger('my.app').filters.clear()"),
    Change("handler of a logger that writes a file", NAMED,
           "import logging\nlogging.getLogger('my.app').addHandler(logging.FileHandler('app.log', delay=True))",
           "len(logging.getLogger('my.app').handlers)", "logging.getLogger('my.app').handlers.clear()"),
)  # fmt: skip

LIBRARIES = (
    Change("`numpy.setbufsize`", SET,
           "import numpy as np\n_ = np.setbufsize(1024)",
           "np.getbufsize()", "np.setbufsize(8192)"),
    Change("`numpy.seterr`", SET,
           "import numpy as np\n_ = np.seterr(over='raise')",
           "np.geterr()['over']", "np.seterr(over='warn')"),
    Change("`numpy.set_printoptions`", SET,
           "import numpy as np\nnp.set_printoptions(precision=2)",
           "str(np.array([1 / 3]))", "np.set_printoptions(precision=8)"),
    Change("`numpy.set_printoptions(formatter=…)`", NAMED,
           "import numpy as np\nnp.set_printoptions(formatter={'float': lambda value: 'x'})",
           "str(np.array([1 / 3]))", "np.set_printoptions(formatter=None)"),
    Change("`pandas.set_option`", SET,
           "import pandas as pd\npd.set_option('display.precision', 2)",
           "pd.get_option('display.precision')", "pd.reset_option('display.precision')"),
    Change("`pandas.set_option` with a function", NAMED,
           "import pandas as pd\npd.set_option('display.float_format', '{:.1f}'.format)",
           "pd.get_option('display.float_format') is None", "pd.reset_option('display.float_format')"),
    Change("`matplotlib.rcParams`", SET,
           "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 7.0",
           "matplotlib.rcParams['lines.linewidth']", "matplotlib.rcParams['lines.linewidth'] = 1.5"),
    Change("`matplotlib.pyplot.style.use`", SET,
           "import matplotlib.style\nmatplotlib.style.use('ggplot')",
           "matplotlib.rcParams['axes.facecolor'], matplotlib.rcParams['axes.prop_cycle']",
           "matplotlib.rcParams.update({k: v for k, v in matplotlib.rcParamsDefault.items() if not k.startswith(('backend', 'interactive'))})"),
    Change("`sklearn.set_config`", SET,
           "import sklearn\nsklearn.set_config(transform_output='pandas', display='text')",
           "sklearn.get_config()['transform_output'], sklearn.get_config()['display']", "sklearn.set_config(transform_output='default', display='diagram')"),
    Change("`sklearn.set_config(enable_metadata_routing=True)`", SET,
           "import sklearn\nsklearn.set_config(enable_metadata_routing=True)",
           "sklearn.get_config()['enable_metadata_routing']", "sklearn.set_config(enable_metadata_routing=False)"),
    Change("`sklearn.set_config(assume_finite=True)`", SET_IF_TRUSTED,
           "import sklearn\nsklearn.set_config(assume_finite=True)",
           "sklearn.get_config()['assume_finite']", "sklearn.set_config(assume_finite=False)"),
)  # fmt: skip

_DATA = "import pandas as pd\n"

ATTRIBUTES = (
    Change("function of the notebook as a method of `DataFrame`", SET_IF_TRUSTED,
           _DATA + "def top(df): return len(df)\npd.DataFrame.top = top",
           "hasattr(pd.DataFrame, 'top') and (pd.DataFrame({'a': [1]}).top(), pd.DataFrame.top is top)", "if hasattr(pd.DataFrame, 'top'): del pd.DataFrame.top"),
    Change("`property` of a function of the notebook on `Series`", SET_IF_TRUSTED,
           _DATA + "def size2(series): return 2 * len(series)\npd.Series.size2 = property(size2)",
           "hasattr(pd.Series, 'size2') and pd.Series([1]).size2", "if hasattr(pd.Series, 'size2'): del pd.Series.size2"),
    Change("the same method on classes in a loop", SET_IF_TRUSTED,
           _DATA
        + "def last(thing): return 'last'\nfor each in (pd.Series, pd.Index): setattr(each, 'last_one', last)",
           "hasattr(pd.Series, 'last_one'), hasattr(pd.Index, 'last_one')",
           "for each in (pd.Series, pd.Index):\n    if hasattr(each, 'last_one'): del each.last_one"),
    Change("lambda as a method of `DataFrame`", NAMED,
           _DATA + "pd.DataFrame.top = lambda df: len(df)",
           "hasattr(pd.DataFrame, 'top')", "if hasattr(pd.DataFrame, 'top'): del pd.DataFrame.top"),
    Change("`pandas.api.extensions.register_dataframe_accessor`", SET_IF_TRUSTED,
           _DATA + "@pd.api.extensions.register_dataframe_accessor('geo')\nclass Geo:\n"
        "    def __init__(self, df): self.df = df\n    def count(self): return len(self.df)",
           "hasattr(pd.DataFrame, 'geo') and pd.DataFrame({'a': [1]}).geo.count()", "if hasattr(pd.DataFrame, 'geo'): del pd.DataFrame.geo"),
    Change("`numpy.float = float`", SET_IF_TRUSTED,
           "import numpy as np\nnp.float = float",
           "vars(np).get('float')", "vars(np).pop('float', None)"),
    Change("`collections.Mapping = collections.abc.Mapping`", SET_IF_TRUSTED,
           "import collections, collections.abc\ncollections.Mapping = collections.abc.Mapping",
           "vars(collections).get('Mapping')", "vars(collections).pop('Mapping', None)"),
    Change("`sys.tracebacklimit`", SET_IF_TRUSTED,
           "import sys\nsys.tracebacklimit = 3",
           "getattr(sys, 'tracebacklimit', None)", "vars(sys).pop('tracebacklimit', None)"),
    Change("attribute of an object in a module", SET_IF_TRUSTED,
           "import logging\nlogging.root.manager.disable_note = 'x'",
           "getattr(logging.root.manager, 'disable_note', None)", "vars(logging.root.manager).pop('disable_note', None)"),
    Change("function of a library replaced by another one", SET_IF_TRUSTED,
           "import textwrap\ntextwrap_fill = textwrap.fill\ntextwrap.fill = textwrap.shorten",
           "textwrap.fill is textwrap.shorten", "textwrap.fill = textwrap_fill"),
    Change("function of the notebook in `builtins`", SET_IF_TRUSTED,
           "import builtins\ndef shout(text): return text.upper()\nbuiltins.shout = shout",
           "getattr(builtins, 'shout', None) and builtins.shout('a')", "vars(builtins).pop('shout', None)"),
    Change("attribute that a function of the notebook sets", SET_IF_TRUSTED,
           "def patch():\n    import textwrap as wrap\n    wrap.my_width = 40\npatch()\nimport textwrap",
           "vars(textwrap).get('my_width')", "vars(textwrap).pop('my_width', None)"),
    Change("object of the notebook's class on a module", SET_IF_TRUSTED,
           "import textwrap\nclass Style:\n    width = 3\nstyle = Style()\ntextwrap.style = style",
           "vars(textwrap).get('style') is style", "vars(textwrap).pop('style', None)"),
    Change("list with tuples on a module", SET_IF_TRUSTED, "import textwrap\ntextwrap.pairs = [(1, 'a'), (None, [2.5])]",
           "vars(textwrap).get('pairs')", "vars(textwrap).pop('pairs', None)"),
    Change("API key on a module", NAMED, "import textwrap\ntextwrap.api_key = 'x' * 9", "hasattr(textwrap, 'api_key')", "vars(textwrap).pop('api_key', None)"),
    Change("file on a module", NAMED,
           "import textwrap, io\ntextwrap.log = io.StringIO()",
           "hasattr(textwrap, 'log')", "vars(textwrap).pop('log', None)"),
)  # fmt: skip

REGISTRATIONS = (
    Change("`sqlite3.register_adapter`", NAMED,
           "import sqlite3\nclass Point:\n    pass\nsqlite3.register_adapter(Point, lambda point: '1;2')",
           "any(Point in key for key in sqlite3.adapters)", "for key in list(sqlite3.adapters):\n    if Point in key: del sqlite3.adapters[key]"),
    Change("`sqlite3.register_converter`", NAMED,
           "import sqlite3\nsqlite3.register_converter('point', lambda data: 1)",
           "'POINT' in sqlite3.converters", "sqlite3.converters.pop('POINT', None)"),
    Change("`copyreg.pickle`", NAMED,
           "import copyreg\nclass Odd:\n    pass\ncopyreg.pickle(Odd, lambda odd: (Odd, ()))",
           "Odd in copyreg.dispatch_table", "copyreg.dispatch_table.pop(Odd, None)"),
    Change("`matplotlib.units.registry`", NAMED,
           "import matplotlib.units\nclass Length:\n    pass\nmatplotlib.units.registry[Length] = matplotlib.units.ConversionInterface()",
           "Length in matplotlib.units.registry", "matplotlib.units.registry.pop(Length, None)"),
    Change("`matplotlib.colormaps.register`", NAMED,
           "import matplotlib.colors\nif 'mine' not in matplotlib.colormaps:\n"
        "    matplotlib.colormaps.register(matplotlib.colors.ListedColormap(['r', 'b'], 'mine'))",
           "'mine' in matplotlib.colormaps", "if 'mine' in matplotlib.colormaps: matplotlib.colormaps.unregister('mine')"),
    Change("`signal.signal`", NAMED,
           "import signal\n_ = signal.signal(signal.SIGTERM, lambda number, frame: None)",
           "callable(signal.getsignal(signal.SIGTERM))", "_ = signal.signal(signal.SIGTERM, signal.SIG_DFL)", in_kernel=False),
    Change("`mimetypes.add_type`", NAMED,
           "from mimetypes import add_type, guess_type\nadd_type('text/lite', '.lite')",
           "guess_type('a.lite')", "import mimetypes\nmimetypes.init()"),
    Change("`codecs.register_error`", NAMED,
           "import codecs\ncodecs.register_error('stars', lambda error: ('*', error.end))\nregistered = True",
           "'ü'.encode('ascii', 'stars') if globals().get('registered') else b''", "registered = False"),
    Change("`@atexit.register`", NAMED,
           "import atexit\n@atexit.register\ndef bye():\n    pass\nsaid = True",
           "globals().get('said')", "atexit.unregister(bye)\nsaid = False"),
    Change("`functools.singledispatch` of a library, with another function", NAMED,
           "import sys, types\nshapes_lib = types.ModuleType('shapes_lib')\n"
        "exec('import functools\\n@functools.singledispatch\\ndef area(shape): return 0', vars(shapes_lib))\n"
        "sys.modules['shapes_lib'] = shapes_lib\nclass Square:\n    pass\n"
        "_ = shapes_lib.area.register(Square, lambda square: 1)",
           "'shapes_lib' in sys.modules and shapes_lib.area(Square())", "sys.modules.pop('shapes_lib', None)"),
)  # fmt: skip

CHANGES: dict[str, tuple[Change, ...]] = {
    "Warnings": WARNINGS,
    "Decimal numbers": DECIMAL,
    "Python": PYTHON,
    "Libraries": LIBRARIES,
    "Modules and classes that a cell changes": ATTRIBUTES,
    "Registrations": REGISTRATIONS,
}
