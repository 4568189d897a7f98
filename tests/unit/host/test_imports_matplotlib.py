"""Imports of Matplotlib without trust: no file of a bundle is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from folders import SUPPORT
from litestate.host import installed_modules
from litestate.host.installed_modules import is_harmless
from litestate.platform import IN_BROWSER

EXTENSION = str(Path(installed_modules.__file__).parents[2])
TESTS = str(SUPPORT)

pytestmark = pytest.mark.skipif(
    IN_BROWSER, reason="needs a second Python: what is imported stays imported"
)
pytest.importorskip("matplotlib")

SETTINGS = "lines.linewidth: 77\naxes.prop_cycle: cycler('color', ['b'])\n"
STYLE = "lines.linewidth: 78\n"

LOAD = """
import json, os, sys
sys.path[:0] = ["", *json.loads(sys.argv[1])]
from namespaces import graph
from litestate.variables.restore import restore
names = json.loads(sys.argv[2])
exec(sys.argv[3])
before = {**os.environ}, os.getcwd()
found = restore([graph({name: value}, []) for name, value in names.items()], {}, trusted=False)
assert before == ({**os.environ}, os.getcwd())
import matplotlib.style
print(json.dumps({
    "made": {name: getattr(value, "__name__", "") for name, value in found.values.items()},
    "waiting": {each.path: each.reason for each in found.waiting},
    "failed": {each.path: each.reason for each in found.failed},
    "width": matplotlib.rcParams["lines.linewidth"],
    "styles": sorted({*matplotlib.style.library} & {"brought"}),
}))
"""

NAMES = {
    "plt": ["module", "matplotlib.pyplot"],
    "mpl": ["module", "matplotlib"],
    "matplotlib": ["module", "matplotlib"],
    "patches": ["module", "matplotlib.patches"],
    "mdates": ["module", "matplotlib.dates"],
    "subplots": ["global", ["matplotlib.pyplot", "subplots"]],
    "Figure": ["global", ["matplotlib.figure", "Figure"]],
    "Axes3D": ["global", ["mpl_toolkits.mplot3d.axes3d", "Axes3D"]],
}


def loaded(
    folder: Path, names: dict[str, Any] = NAMES, *, first: str = "", **environment: str
) -> Any:
    """Load a stranger's names in a new Python whose folder has files of a bundle."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    inherited = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps([EXTENSION, TESTS]), json.dumps(names), first],
        cwd=folder,
        env=inherited | {"HOME": str(home), "MPLBACKEND": "agg"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def usual() -> dict[str, str]:
    return {
        name: value[1] if value[0] == "module" else value[1][1] for name, value in NAMES.items()
    }


def test_pyplot_is_there_without_trust(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert found["made"] == usual()
    assert found["waiting"] == found["failed"] == {}


@pytest.mark.parametrize(
    "where",
    ["here", "MATPLOTLIBRC", "its folder", "MPLCONFIGDIR", "XDG_CONFIG_HOME", "HOME", "old HOME"],
)
@pytest.mark.parametrize("first", ["", "import matplotlib"])
def test_settings_that_a_bundle_may_have_brought_are_not_read(
    tmp_path: Path, where: str, first: str
) -> None:
    if first and where in ("here", "MATPLOTLIBRC", "its folder"):
        pytest.skip("the notebook itself has read them")
    folder = {
        "here": tmp_path,
        "XDG_CONFIG_HOME": tmp_path / "config" / "matplotlib",
        "HOME": tmp_path / "home" / ".config" / "matplotlib",
        "old HOME": tmp_path / "home" / ".matplotlib",
    }.get(where, tmp_path / "config")
    (folder / "stylelib").mkdir(parents=True)
    if not first:
        (folder / "matplotlibrc").write_text(SETTINGS)
    (folder / "stylelib" / "brought.mplstyle").write_text(STYLE)
    environment = {
        "MATPLOTLIBRC": {"MATPLOTLIBRC": str(folder / "matplotlibrc")},
        "its folder": {"MATPLOTLIBRC": str(folder)},
        "MPLCONFIGDIR": {"MPLCONFIGDIR": str(folder)},
        "XDG_CONFIG_HOME": {"XDG_CONFIG_HOME": str(folder.parent)},
    }.get(where, {})
    found = loaded(tmp_path, first=first, **environment)
    assert found["made"] == usual()
    assert found["width"] not in (77, 78)
    assert found["styles"] == []


def test_files_named_like_its_imports_are_not_run(tmp_path: Path) -> None:
    for name in (
        "cycler",
        "kiwisolver",
        "pyparsing",
        "dateutil",
        "PIL",
        "matplotlib",
        "defusedxml",
    ):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('it ran')")
    assert loaded(tmp_path)["made"] == usual()


def test_its_settings_are_read_with_trust_and_by_the_notebook_itself(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text(SETTINGS)
    assert loaded(tmp_path, {}, first="import matplotlib")["width"] == 77


def test_other_parts_of_matplotlib_wait(tmp_path: Path) -> None:
    names = {
        "backend_qtagg": ["module", "matplotlib.backends.backend_qtagg"],
        "testing": ["module", "matplotlib.testing"],
        "plot": ["module", "matplotlib.pyplot"],
    }
    found = loaded(tmp_path, names)
    assert found["made"] == {}
    assert found["waiting"].keys() == names.keys()


def test_harmless_modules() -> None:
    assert is_harmless("matplotlib.colors")
    assert not is_harmless("matplotlib.backends.backend_gtk4")
    assert not is_harmless("matplotlib.__main__")
    assert not is_harmless("seaborn_no_such")
