"""Objects that are one object, under several names or inside others."""

# ruff: noqa: E501 - a case is read as a line of a table

from __future__ import annotations

from saved_cases import NOT, PLAIN, TRUSTED, group

SHARING = group(
    "What is shared stays shared",
    ("one list under two names", PLAIN, "x = [1]\nlist_too = x", "x is list_too, x"),
    ("equal lists that are two", PLAIN, "x = [1]\nlist_two = [1]", "x is list_two, x, list_two"),
    ("list inside a list, also named", PLAIN, "inner_l = [1]\nx = [inner_l, 2]", "x[0] is inner_l, x"),
    ("element of a list of 100,000, also named", PLAIN,
     "x = [[number] for number in range(100_000)]\nelement_of = x[77_777]", "x[77_777] is element_of, len(x)"),
    ("one list three times in a list", PLAIN, "x = [[]] * 3", "x[0] is x[1] is x[2], x"),
    ("two dicts that refer to each other", PLAIN,
     "x = {}\ndict_other = {'o': x}\nx['o'] = dict_other", "x['o'] is dict_other, dict_other['o'] is x"),
    ("tuple that holds a shared list", PLAIN, "in_tuple = []\nx = (in_tuple, in_tuple)",
     "x[0] is x[1] is in_tuple, x"),
    ("values of one dict in another", PLAIN,
     "d_first = {'a': [1]}\nx = dict(d_first)", "x['a'] is d_first['a'], x is d_first"),
    ("`bytearray` under two names", PLAIN, "x = bytearray(b'a')\nbytes_too = x", "x is bytes_too, x"),
    ("`memoryview` and its `bytearray`", TRUSTED, "buffer_of = bytearray(3)\nx = memoryview(buffer_of)",
     "x.obj is buffer_of"),
    ("array under two names", PLAIN, "import numpy as np\nx = np.arange(3)\narray_too = x", "x is array_too, x"),
    ("array and a view of it", PLAIN, "import numpy as np\narray_whole = np.arange(12).reshape(3, 4)\n"
     "x = array_whole[1:, ::2]", "x, array_whole, x.base is not None, array_whole.__setitem__((1, 0), 99), x[0, 0]"),
    ("two views that overlap, without their base", PLAIN,
     "import numpy as np\nv_base = np.arange(10)\nx, v_other = v_base[:6], v_base[4:]\ndel v_base",
     "x, v_other, x.__setitem__(5, 99), v_other[1]"),
    ("view with another dtype", PLAIN, "import numpy as np\nbits_of = np.arange(3.0)\nx = bits_of.view('u8')",
     "x, bits_of.__setitem__(0, -1.0), x[0]"),
    ("field of a structured array", PLAIN,
     "import numpy as np\nrecords = np.zeros(3, 'i4,f8')\nx = records['f1']", "x, x.__setitem__(0, 5), records[0]"),
    ("read-only view of a writable array", PLAIN,
     "import numpy as np\nwritable = np.arange(3)\nx = writable.view()\nx.flags.writeable = False",
     "x, writable.flags.writeable, writable.__setitem__(0, 9), x[0]"),
    ("array inside a list and a dict", PLAIN,
     "import numpy as np\nin_both = np.arange(3)\nx = [in_both, {'a': in_both}]", "x[0] is x[1]['a'] is in_both"),
    ("array and an object that holds it", TRUSTED,
     "import numpy as np\nclass Holder:\n    pass\nheld_array = np.arange(3)\nx = Holder()\nx.a = held_array",
     "x.a is held_array, x.a"),
    ("array and an object that holds a view of it", TRUSTED,
     "import numpy as np\nclass Viewer:\n    pass\nviewed = np.arange(6)\nx = Viewer()\nx.a = viewed[2:4]",
     "x.a, viewed.__setitem__(2, 99), x.a[0]"),
    ("`DataFrame` under two names", PLAIN,
     "import pandas as pd\nx = pd.DataFrame({'a': [1]})\nframe_too = x", "x is frame_too, x"),
    ("`DataFrame` in a dict, also named", PLAIN,
     "import pandas as pd\nframe_in = pd.DataFrame({'a': [1]})\nx = {'f': frame_in}", "x['f'] is frame_in, x"),
    ("two frames with one index", PLAIN,
     "import pandas as pd\nframe_1 = pd.DataFrame({'a': [1, 2]}, index=['k', 'l'])\n"
     "x = pd.DataFrame({'b': [3, 4]}, index=frame_1.index)", "x, frame_1, x.index.equals(frame_1.index)"),
    ("array and the `DataFrame` made of it", PLAIN,
     "import numpy as np, pandas as pd\narray_under = np.arange(6.0).reshape(3, 2)\n"
     "x = pd.DataFrame(array_under, copy=False)", "x, array_under"),
    ("list that an object holds, also named", TRUSTED,
     "class HoldsList:\n    pass\nheld_list = [1]\nx = HoldsList()\nx.l = held_list", "x.l is held_list, x"),
    ("object in a list, also named", TRUSTED,
     "class InList:\n    pass\nobject_in = InList()\nx = [object_in, object_in]", "x[0] is x[1] is object_in"),
    ("two objects that share a third", TRUSTED,
     "class Sharer:\n    pass\nx, sharer_2 = Sharer(), Sharer()\nx.c = sharer_2.c = {}", "x.c is sharer_2.c, x"),
    ("two objects that share a third, and make arrays when they are pickled", TRUSTED,
     "import numpy as np\nclass Third:\n    pass\nclass Makes:\n    def __getstate__(self):\n"
     "        return {'a': np.array([1, None], dtype=object), 'third': self.third}\n"
     "x, makes_2 = Makes(), Makes()\nx.third = makes_2.third = Third()", "x.third is makes_2.third, hasattr(x, 'third')"),
    ("object and its class", TRUSTED, "class Kind:\n    pass\nx = Kind()", "type(x) is Kind, isinstance(x, Kind)"),
    ("class and the list that it holds", TRUSTED,
     "list_of_class = [1]\nclass HasList:\n    items = list_of_class\nx = HasList", "x.items is list_of_class"),
    ("function and the dict that it holds", TRUSTED,
     "memo_of = {}\ndef remembered(n, memo=memo_of):\n    memo[n] = 1\nx = remembered",
     "x.__defaults__[0] is memo_of, x(3), memo_of"),
    ("closure and the list that it closes over", TRUSTED,
     "closed_list = [1]\ndef close_over(l):\n    return lambda: l\nx = close_over(closed_list)", "x() is closed_list"),
    ("method and its object", TRUSTED,
     "class HasMethod:\n    def me(self):\n        return self\nmethod_of = HasMethod()\nx = method_of.me",
     "x() is method_of"),
    ("function in a dict, also named", TRUSTED, "def in_dict():\n    pass\nx = {'f': in_dict}", "x['f'] is in_dict"),
    ("list that a generator spoils, and another name for its part", NOT,
     "good_part = [1]\nx = [good_part, (i for i in ())]", "good_part"),
    ("connection in a dict, also named", PLAIN,
     "import sqlite3\ndatabase_in = sqlite3.connect(':memory:')\nx = {'db': database_in}", "x['db'] is database_in"),
    ("cycle through an object, a list and a dict", TRUSTED,
     "class Cyclic:\n    pass\nx = Cyclic()\nx.l = [{'me': x}]", "x.l[0]['me'] is x, x"),
    ("random generator under two names", TRUSTED,
     "import random\nx = random.Random(3)\nrandom_too = x", "x is random_too, x.random(), random_too.random()"),
)  # fmt: skip

GROUPS = (SHARING,)
