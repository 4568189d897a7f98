"""A package that a stranger's session needs is imported without what the bundle has brought."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from litestate.environment import installed
from litestate.places import IN_BROWSER

EXTENSION = str(Path(installed.__file__).parents[2])


def test_of_matplotlibs_settings_those_of_a_folder_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MATPLOTLIBRC", "MPLCONFIGDIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert installed.settings_of_matplotlib() == ""
    for folder, variable, value in (
        (here, "", ""),
        (tmp_path / "home/.config/matplotlib", "", ""),
        (tmp_path / "home/.matplotlib", "", ""),
        (tmp_path / "a", "MATPLOTLIBRC", tmp_path / "a"),
        (tmp_path / "b", "MATPLOTLIBRC", tmp_path / "b/matplotlibrc"),
        (tmp_path / "c", "MPLCONFIGDIR", tmp_path / "c"),
        (tmp_path / "d/matplotlib", "XDG_CONFIG_HOME", tmp_path / "d"),
    ):
        file = folder / "matplotlibrc"
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text("font.size: 9")
        with monkeypatch.context() as inner:
            if variable:
                inner.setenv(variable, str(value))
            assert Path(installed.settings_of_matplotlib()).resolve() == file.resolve()
        file.unlink()


def testonly_installed_packages_are_found_and_then_all_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil_dependency.py").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    before = list(sys.path)
    with installed.only_installed():
        with pytest.raises(ModuleNotFoundError):
            __import__("evil_dependency")
        assert __import__("colorsys")
        assert __import__("pytest")
    assert sys.path == before
    __import__("evil_dependency")
    del sys.modules["evil_dependency"]


@pytest.mark.skipif(IN_BROWSER, reason="needs a second Python: what is imported stays imported")
@pytest.mark.parametrize(
    ("package", "file"),
    [
        ("pandas", "dateutil.py"),
        ("pandas", "pyarrow.py"),
        ("matplotlib", "cycler.py"),
        ("matplotlib", "matplotlibrc"),
    ],
)
def test_a_package_is_imported_without_files_of_the_current_folder(
    tmp_path: Path, package: str, file: str
) -> None:
    if package == "matplotlib":
        pytest.importorskip("matplotlib", reason="only in the site")
    tmp_path.joinpath(file).write_text("print('it ran')\nraise SystemExit('it ran')")
    code = (
        "import sys; sys.path[:0] = ['', sys.argv[1]]\n"
        "from litestate.environment import options\n"
        "applied = options.apply({'set': {sys.argv[2]: {}}}, trusted=False)\n"
        "import json; print(json.dumps([sys.argv[2] in sys.modules,"
        " [it.reason for it in applied.skipped]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, EXTENSION, package],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    imported, reasons = json.loads(done.stdout)
    if file == "matplotlibrc":
        assert not imported
        assert reasons == ["importing matplotlib would run what matplotlibrc says"]
    else:
        assert imported
        assert reasons == []
