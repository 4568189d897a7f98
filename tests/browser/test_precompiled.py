"""Bytecode in the site's wheels and standard library: used by kernels, with the sources at hand."""

from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import pytest
from lab import Lab

RUNTIME = Path(os.environ["LITESTATE_DIST"]) / "static" / "pyodide"


@pytest.fixture(scope="module", autouse=True)
def _bytecode() -> None:
    """Skip where the site was built without Node.js."""
    with zipfile.ZipFile(RUNTIME / "python_stdlib.zip") as library:
        if "json/decoder.pyc" not in library.namelist():
            pytest.skip("this site has no bytecode: Node.js was missing when it was built")


LOADED = """
import importlib.util, marshal, sys, zipfile
import pandas
library = zipfile.ZipFile(next(path for path in sys.path if path.endswith(".zip")))
slow, wrong = [], []
for name, module in list(sys.modules.items()):
    file = getattr(module, "__file__", None) or ""
    if ".zip/" in file:
        if not file.endswith(".pyc"):
            slow.append(name)
        continue
    if "site-packages/" not in file or not file.endswith(".py"):
        continue
    try:
        data = open(importlib.util.cache_from_source(file), "rb").read()
    except FileNotFoundError:
        slow.append(name)
        continue
    is_current = data[:8] == importlib.util.MAGIC_NUMBER + b"\\1\\0\\0\\0"
    source = importlib.util.source_hash(open(file, "rb").read())
    if not is_current or data[8:16] != source or marshal.loads(data[16:]).co_filename != file:
        wrong.append(name)
print(json.dumps([slow, wrong]))
"""


def test_a_kernel_starts_and_imports_pandas_from_bytecode(shared_lab: Lab) -> None:
    slow, wrong = json.loads(shared_lab.check("import json\n" + LOADED))
    assert wrong == []
    # Tests before this one may have imported modules that few notebooks import.
    assert [name for name in slow if name.startswith(("IPython.core", "pandas.core", "re"))] == []
    assert len(slow) < 60, slow


def test_tracebacks_and_inspect_show_the_sources(shared_lab: Lab) -> None:
    output = shared_lab.run("import json\njson.loads('{')")
    (error,) = [message for message in output.messages if message["type"] == "error"]
    colorless = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(error["traceback"]))
    assert "obj, end = self.scan_once(s, idx)" in colorless
    text = shared_lab.check(
        "import inspect, json, pandas\n"
        "for function in json.dumps, pandas.concat:\n"
        "    print(inspect.getsource(function).splitlines()[-1].strip()[:6])"
    )
    assert text == "**kw).\nreturn\n"
