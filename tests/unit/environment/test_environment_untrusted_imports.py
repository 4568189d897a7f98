"""Imports for an untrusted bundle: they never run files of the bundle."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import litestate
import pytest
from litestate.platform import IN_BROWSER

EXTENSION = str(Path(litestate.__file__).parents[1])


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
        "from litestate.environment import changed_settings\n"
        "applied = changed_settings.apply({'set': {sys.argv[2]: {}}}, trusted=False)\n"
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
    assert imported
    assert reasons == []
