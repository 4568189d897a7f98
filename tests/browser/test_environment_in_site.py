"""Session and packages in JupyterLite's kernel, as far as they differ there."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

from lab import Lab

WHEEL = "tiny_litestate_demo-1.2-py3-none-any.whl"

SETUP = """
import json, os, sys, time
import litestate
from litestate import environment, packages
from litestate.shell import cell_log
"""

SILENT = """
async (code) => {
  const kernel = window.panel.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, silent: true, store_history: false });
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("it did not end")), 30000);
  });
  return (await Promise.race([future.done, late])).content.status;
}
"""

AGAIN = "environment.read(environment.dump(environment.describe()))"


def wheel() -> bytes:
    """A package with one module that needs one of the site's."""
    file = io.BytesIO()
    info = "tiny_litestate_demo-1.2.dist-info"
    members = {
        "tiny_litestate_demo/__init__.py": "import six\nANSWER = 42\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny-litestate-demo\nVersion: 1.2\n"
        "Requires-Dist: six\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*members, f"{info}/RECORD"])
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in {**members, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def rows(lab: Lab) -> list[list[Any]]:
    found: list[list[Any]] = lab.value(
        "[[it.number, it.source[:60], it.outcome, it.when is not None, it.duration is not None]"
        " for it in cell_log.current().cells]"
    )
    return found


def test_a_new_kernel_has_nothing_of_its_own_and_cells_are_followed(fresh_lab: Lab) -> None:
    lab = fresh_lab
    lab.check("early = 1")
    # The shell gets no event for the end of a cell that awaits.
    lab.check(f"{SETUP}\nawait __import__('asyncio').sleep(0)\ncell_log.follow()")
    document = lab.value("environment.describe(parts=['process', 'options'])")
    assert document["process"] == {
        "cwd": ["notebook", ""],
        "environment": {},
        "left_out": {},
        "sys_path": [],
    }
    assert document["options"] == {"set": {}, "left_out": {}}
    lab.check("import numpy, pandas, matplotlib.pyplot as plt\nplt.plot([1]); plt.show()")
    document = lab.value("environment.describe(parts=['process', 'options'])")
    assert document["process"]["environment"] == {}
    assert document["options"] == {"set": {}, "left_out": {}}

    lab.check("log = cell_log.current(); count = len(log.cells)")
    lab.check("import asyncio; await asyncio.sleep(0.2)")
    lab.run("await asyncio.sleep(0.01); 1 / 0")
    lab.run("def (")
    lab.check("get_ipython().run_cell('inner = 1')")
    lab.check("from pyodide.ffi import run_sync; run_sync(asyncio.sleep(0.01))")
    assert lab.page.evaluate(SILENT, "silently = 1") == "ok"
    lab.check("last = 1")
    found = rows(lab)
    # The kernel has followed its cells from the start.
    assert found[0][1:] == ["early = 1", "ok", True, True]
    assert found[1][2:] == ["ok", True, True]
    since = [row[1:3] for row in found if row[1] != ""][lab.value("count") :]
    assert since[:6] == [
        ["import asyncio; await asyncio.sleep(0.2)", "ok"],
        ["await asyncio.sleep(0.01); 1 / 0", "ZeroDivisionError"],
        ["def (", "SyntaxError"],
        ["get_ipython().run_cell('inner = 1')", "ok"],
        ["from pyodide.ffi import run_sync; run_sync(asyncio.sleep(0.0", "ok"],
        ["last = 1", "ok"],
    ]
    assert "silently" not in json.dumps(found)
    waited = "[it.duration for it in log.cells if 'sleep(0.2)' in it.source]"
    assert 0.15 < lab.value(waited)[0] < 20
    lab.check("shown = environment.history()\nshown")
    assert "cells were executed" in lab.check("print(shown)")

    # In another session, the history continues; the page counts its own cells.
    saved = lab.value("environment.read(environment.dump(environment.describe()))")
    lab.reload()
    lab.check(f"{SETUP}\ncell_log.follow()")
    lab.check(f"saved = json.loads({json.dumps(saved)!r})")
    lab.check("applied = environment.apply(saved, trusted=True); print(applied.lines)")
    found = rows(lab)
    assert found[0][1] == "early = 1"
    assert found[-1][0] == 4
    lab.check("applied.undo()")
    assert rows(lab)[0][1].startswith("\nimport json")
    _a_package_of_the_site_is_loaded_for_its_options(lab)


def test_what_cells_set_comes_back(shared_lab: Lab) -> None:
    lab = shared_lab
    lab.check(f"{SETUP}\nimport random, numpy as np, pandas as pd, matplotlib")
    lab.check(
        "from pathlib import Path\n"
        "for folder in (Path.home() / 'lib', Path.home() / 'work'): folder.mkdir(exist_ok=True)\n"
        "os.chdir(Path.home() / 'work'); sys.path.insert(0, str(Path.home() / 'lib'))\n"
        "os.environ['MODEL_SIZE'] = 'large'; os.environ['SOME_API_KEY'] = 'abc'\n"
        "pd.set_option('display.max_rows', 7); matplotlib.rcParams['figure.dpi'] = 60\n"
        "random.seed(4); np.random.seed(4); np.random.standard_normal()"
    )
    lab.check(f"saved = {AGAIN}")
    draw = "[random.random(), random.gauss(0, 1), *np.random.standard_normal(2).tolist()]"
    wanted = lab.value(draw)
    assert lab.value("saved['process']") == {
        "cwd": ["home", "work"],
        "environment": {"MODEL_SIZE": "large"},
        "left_out": {"SOME_API_KEY": "secret"},
        "sys_path": [{"path": ["home", "lib"], "front": True}],
    }
    lab.check(
        "os.chdir('/drive'); sys.path.remove(str(Path.home() / 'lib'))\n"
        "del os.environ['MODEL_SIZE'], os.environ['SOME_API_KEY']\n"
        "pd.reset_option('display.max_rows'); matplotlib.rcdefaults()"
    )
    lab.check("applied = environment.apply(saved, trusted=True)")
    assert lab.value(draw) == wanted
    state = (
        "[os.getcwd(), os.environ['MODEL_SIZE'], sys.path[0], pd.get_option('display.max_rows')]"
    )
    assert lab.value(state) == ["/home/pyodide/work", "large", "/home/pyodide/lib", 7]
    assert lab.value("matplotlib.rcParams['figure.dpi']") == 60
    lab.check("applied.undo()")
    undone = "[os.getcwd(), 'MODEL_SIZE' in os.environ, pd.get_option('display.max_rows')]"
    assert lab.value(undone) == ["/drive", False, 60]


def _a_package_of_the_site_is_loaded_for_its_options(lab: Lab) -> None:
    lab.check(SETUP)
    lab.check("saved = {'options': {'set': {'matplotlib': {'figure.dpi': 55.0}}, 'left_out': {}}}")
    assert lab.value("'matplotlib' in sys.modules") is False
    # While it is imported it would read settings, which a stranger's bundle may have brought.
    lab.check("open('matplotlibrc', 'w').write('lines.linewidth: 77')")
    lab.check("applied = environment.apply(saved, trusted=False)")
    assert lab.value("[it.reason for it in applied.skipped]") == []
    assert lab.value("sys.modules['matplotlib'].rcParams['figure.dpi']") == 55
    assert lab.value("sys.modules['matplotlib'].rcParams['lines.linewidth']") == 1.5


def test_installed_packages_come_back_by_their_hash(shared_lab: Lab) -> None:
    lab = shared_lab
    data = wheel()
    lab.serve(WHEEL, data)
    url = f"{lab.url}{WHEEL}"
    lab.check(SETUP)
    assert lab.value("packages.describe()['added']") == []
    lab.check(f"%pip install {url}\nimport tiny_litestate_demo")
    saved = lab.value("packages.read(packages.dump(packages.describe()))")
    (added,) = saved["added"]
    assert added == {
        "name": "tiny-litestate-demo",
        "version": "1.2",
        "url": url,
        "sha256": hashlib.sha256(data).hexdigest(),
        "depends": ["six"],
        "imports": ["tiny_litestate_demo"],
    }
    assert saved["imported"]["tiny-litestate-demo"]["version"] == "1.2"
    lab.check(f"import micropip\nopen('/tmp/{WHEEL}', 'wb').write(bytes.fromhex('{data.hex()}'))")
    lab.check(
        "micropip.uninstall('tiny-litestate-demo')\n"
        f"await micropip.install('emfs:/tmp/{WHEEL}', deps=False)"
    )
    assert lab.value("packages.describe()['added'][0]['url']") is None

    lab.reload()
    lab.check(SETUP)
    lab.check(f"saved = json.loads({json.dumps(saved)!r})\npackages.check(saved)")
    lab.check("absent = packages.missing(saved)")
    assert lab.value("[it.name for it in absent]") == ["tiny-litestate-demo"]
    lab.check("refused = packages.install(absent, trusted=False)")
    assert lab.value("[len(refused.done), refused.skipped[0].advice]") == [
        0,
        "If you trust who made the bundle, load it with trust=True.",
    ]

    # What is there now is another file.
    changed = "import dataclasses\nbad = dataclasses.replace(absent[0].added, sha256='0' * 64)\n"
    lab.check(f"{changed}other = [dataclasses.replace(absent[0], added=bad)]")
    lab.check("failed = packages.install(other, trusted=True)")
    assert "is not the one that was installed" in lab.value("failed.skipped[0].reason")
    gone = lab.url + "gone/" + WHEEL
    changed = f"bad = dataclasses.replace(absent[0].added, url={gone!r})\n"
    lab.check(f"{changed}other = [dataclasses.replace(absent[0], added=bad)]")
    lab.check("failed = packages.install(other, trusted=True)")
    assert "404" in lab.value("failed.skipped[0].reason")
    assert lab.value("len(packages.missing(saved))") == 1

    lab.check("installed = packages.install(absent, trusted=True); print(installed)")
    assert lab.value("[it.name for it in installed.done]") == ["tiny-litestate-demo"]
    assert lab.value("[len(installed.skipped), len(packages.missing(saved))]") == [0, 0]
    # Not in the text of a cell: that would load what it needs from the lock.
    assert lab.value("__import__('tiny_litestate_demo').ANSWER") == 42
    # Saved again, it is as it was.
    assert lab.value("packages.describe()['added']") == saved["added"]
