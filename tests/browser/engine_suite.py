"""A tour through the site that every browser engine takes, in one profile, in this order.

A kernel takes most of the time, so the tests share the page, and there are three kernels for each
engine. Screenshots are written beside pytest's other temporary files; a person looks at them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from engines import Engine, Start
from lab import CELL_TIMEOUT, Lab, errors, sources
from playwright.sync_api import Playwright

CONTENT = Path(__file__).parents[2] / "content"

DATABASE = """
import sqlite3
beside = sqlite3.connect("beside.db")
beside.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x)")
with beside:
    beside.executemany("INSERT INTO t (x) VALUES (?)", [("x" * 100,) for _ in range(3000)])
beside.execute("PRAGMA journal_mode=wal").fetchone()
with beside:
    beside.execute("INSERT INTO t (x) VALUES ('in the log')")
other = sqlite3.connect("beside.db")
print(beside.execute("PRAGMA journal_mode").fetchone()[0])
print(other.execute("SELECT count(*), max(x) FROM t").fetchone())
print(other.execute("PRAGMA integrity_check").fetchone()[0])
other.close()
beside.close()
"""

AUTOSAVE = "import litestate\nlitestate.autosave()"

STATUS = "document.querySelector('.jp-NotebookPanel .litestate-status')?.dataset.kind"

IN_MEMORY = "but only until the page is reloaded"


class Tour:
    """The tour; a subclass names the engine."""

    start: ClassVar[Start]

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """Folder for the profile and for screenshots."""
        return tmp_path_factory.mktemp(cls.__name__)

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls, playwright: Playwright, folder: Path) -> Iterator[Engine]:
        """The engine, with a new profile."""
        with cls.start(playwright, folder) as engine:
            yield engine

    @pytest.fixture(scope="class")
    @classmethod
    def lab(cls, engine: Engine, site: str) -> Lab:
        """The site's own address, entered once."""
        return Lab(engine.context, site).enter()

    @pytest.fixture(autouse=True)
    def screenshot(self, request: pytest.FixtureRequest, lab: Lab, folder: Path) -> Iterator[None]:
        """Take a picture at the end of each test, whether it has failed or not."""
        yield
        path = folder / f"{request.node.name}.png"
        lab.page.screenshot(path=path)
        print(path)

    @pytest.mark.parametrize("name", ["start", "sqlite-tutorial", "data-analysis"])
    def test_the_notebooks_run(self, lab: Lab, name: str) -> None:
        if name != "start":
            # In the same notebook, as another one would have a kernel of its own.
            lab.set_cells(*sources(CONTENT / f"{name}.ipynb"))
        cells = lab.run_all()
        assert errors(cells) == []
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert outputs
        assert not [output for output in outputs if output.get("name") == "stderr"]

    def test_sqlite_in_the_notebooks_folder(self, lab: Lab) -> None:
        assert lab.check(DATABASE).splitlines() == ["wal", f"(3001, {'x' * 100!r})", "ok"]
        assert lab.value("__import__('os').path.getsize('beside.db')") > 300_000

    def test_save_and_load(self, lab: Lab, engine: Engine, tmp_path: Path) -> None:
        lab.set_cells(
            "from pathlib import Path\nnote = Path.home() / 'note.txt'\n"
            "written = note.write_text('kept')\ntable = {'a': [1, 2.5, None]}",
            "import litestate\nlitestate.save_state(name='tour')",
        )
        assert errors(lab.run_all()) == []
        bundle = engine.click_download(lab, tmp_path)
        assert bundle.name.startswith("tour")
        command = [sys.executable, "-m", "litestate", "verify", bundle]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

        lab.check("note.unlink()\ndel table, note")
        lab.set_cells("from litestate import load_state\nload_state()")
        lab.start_all()
        engine.choose_file(lab, bundle)
        text = lab.finish()
        assert '"output_type": "error"' not in text
        assert lab.value("[note.read_text(), table]") == ["kept", {"a": [1, 2.5, None]}]

    def test_a_reload(self, lab: Lab, engine: Engine) -> None:
        # No line of litestate: everything is saved by the page.
        lab.set_cells("kept = {'since': 'before the reload'}", "kept")
        assert errors(lab.run_all()) == []
        status = "saved" if engine.keeps_checkpoints else "temporary"
        lab.page.wait_for_function(f"{STATUS} === '{status}'", timeout=CELL_TIMEOUT)
        engine.reload(lab)
        if engine.keeps_checkpoints:
            assert lab.value("kept") == {"since": "before the reload"}
            assert lab.value("note.read_text()") == "kept"
        else:
            assert lab.value("'kept' in globals()") is False
        assert [cell["source"] for cell in lab.cells()][-1] == "kept"
        lab.check("import sqlite3\nbeside = sqlite3.connect('beside.db')")
        assert lab.value("beside.execute('SELECT count(*) FROM t').fetchone()[0]") == 3001
        lab.check("beside.close()")

    def test_two_tabs(self, lab: Lab, engine: Engine, site: str, folder: Path) -> None:
        lab.check("of_the_first = 1")
        second = Lab(engine.context, site).open()
        try:
            second.set_cells(AUTOSAVE)
            cells = second.run_all()
            assert errors(cells) == []
            told = "open in another tab" if engine.keeps_checkpoints else IN_MEMORY
            assert told in str(cells)
            second.page.screenshot(path=folder / "second-tab.png")
            second.check("of_the_second = 2")
            error = second.run("litestate.checkpoint('mine')").error
            assert ("ReadOnlyCheckpointsError" in error) is engine.keeps_checkpoints
        finally:
            second.page.close()
        # The first tab goes on as before.
        lab.check("import litestate; litestate.checkpoint('the first')")
        assert lab.value("litestate.checkpoints()[-1].label") == "the first"
