"""The commands of the page on a real kernel: save, load, drop, checkpoints, export, hand in."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from conftest import OpenPage
from lab import Lab
from notebook_page import NotebookPage
from playwright.sync_api import Download, Locator, Page, expect

STATE = """
import sqlite3
from pathlib import Path
numbers = [1, 2, 3]
Path("results.csv").write_text("a,b")
with sqlite3.connect("shop.db") as connection:
    connection.execute("create table if not exists orders (id integer, price real)")
    connection.execute("insert into orders values (1, 2.5)")
connection.close()
print("made")
"""
BINDINGS = """
() => window.jupyterapp.commands.keyBindings.map(({ command, keys }) => [keys.join(" "), command])
"""
EDITOR = ".jp-Notebook .jp-Cell"
FILES = ".jp-DirListing-content"
DROP = """
([selector, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: "application/zip" }));
  const target = document.querySelector(selector);
  const sent = {};
  for (const type of ["dragover", "drop"]) {
    const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
    let isReached = false;
    target.addEventListener(type, () => { isReached = true; }, { once: true });
    target.dispatchEvent(event);
    const hint = document.querySelector(".litestate-drop")?.textContent ?? "";
    sent[type] = { isPrevented: event.defaultPrevented, isReached, hint };
  }
  return sent;
}
"""


class Commands:
    """The commands, as a user gives them and sees their outcome."""

    def __init__(self, notebook: NotebookPage) -> None:
        self.notebook = notebook
        self.page: Page = notebook.lab.page

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.locator(".jp-Dialog")

    def start(self, command: str, **args: Any) -> None:
        """Start a command."""
        script = "([id, args]) => { void window.jupyterapp.commands.execute(id, args); }"
        self.page.evaluate(script, [f"litestate:{command}", args])

    def click(self, *labels: str) -> None:
        """Click an item of the File menu."""
        self.page.locator("#jp-MainMenu, #menu-panel").get_by_text("File", exact=True).click()
        for label in labels:
            item = self.page.locator(".lm-Menu-item").get_by_text(label, exact=True)
            item.hover()
        item.click()

    def is_enabled(self, command: str) -> bool:
        """Return whether a command can be given."""
        script = "id => window.jupyterapp.commands.isEnabled(id)"
        return bool(self.page.evaluate(script, f"litestate:{command}"))

    def press(self, button: str) -> None:
        """Press a button of the dialog."""
        self.dialog.get_by_role("button", name=button, exact=True).click()
        expect(self.dialog).to_have_count(0)

    def drop(self, selector: str, path: Path, name: str = "") -> Any:
        """Drop a file on an element; return what happened to the events."""
        content = base64.b64encode(path.read_bytes()).decode()
        return self.page.evaluate(DROP, [selector, name or path.name, content])

    def expect_notification(self, text: str) -> Locator:
        """Wait for a notification, and return it."""
        found = self.notebook.notification(text).first
        expect(found).to_be_visible(timeout=60_000)
        return found

    def dismiss(self) -> None:
        """Close all notifications."""
        self.page.evaluate("""() => {
            for (const button of document.querySelectorAll(".jp-Notification-Toast-Close")) {
                button.click();
            }
        }""")
        expect(self.page.locator(".Toastify__toast")).to_have_count(0)

    def value(self, expression: str) -> str:
        """Return what a cell prints."""
        return self.notebook.text(f"print({expression})").strip()


def saved(download: Download, folder: Path) -> Path:
    """Store a download under its own name."""
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


def checkpoint_titles(dialog: Locator) -> list[str]:
    return dialog.locator("tbody tr td:nth-child(2)").all_inner_texts()


def test_every_command_on_one_notebook(open_page: OpenPage, tmp_path: Path) -> None:
    notebook = open_page(commands={"handInName": "homework {notebook} {date}"})
    path = notebook.create()
    do = Commands(notebook)
    assert not do.is_enabled("save-state")
    assert notebook.text(STATE) == "made\n"
    notebook.wait_for("saved")
    bundle = save_state(do, tmp_path)
    make_checkpoint(do)
    undo(do)
    restore(do)
    clear_state(do)
    load_state(do, bundle)
    export_tables(do, tmp_path)
    hand_in(do, tmp_path, path)
    forget_history(do)


def save_state(do: Commands, folder: Path) -> Path:
    """Save the state, and leave nothing in the notebook."""
    notebook = do.notebook
    cells = notebook.lab.cells()
    with do.page.expect_download() as download:
        do.click("Save State…")
    bundle = saved(download.value, folder)
    assert re.fullmatch(r"Untitled-\d{4}-\d\d-\d\d\.litestate\.zip", bundle.name)
    with zipfile.ZipFile(bundle) as archive:
        assert {"manifest.json", "mimetype"} <= set(archive.namelist())
    do.expect_notification(bundle.name).get_by_role("button", name="Details").click()
    expect(do.dialog).to_contain_text("numbers")
    expect(do.dialog).to_contain_text("shop.db")
    do.press("Close")
    assert notebook.lab.cells() == cells
    return bundle


def make_checkpoint(do: Commands) -> None:
    """Make a checkpoint with the keyboard alone."""
    do.page.locator(".jp-Notebook").first.click()
    do.page.keyboard.press("Alt+Shift+C")
    expect(do.dialog).to_be_visible()
    do.page.keyboard.type("first numbers")
    do.page.keyboard.press("Enter")
    do.expect_notification("irst numbers")


def undo(do: Commands) -> None:
    """Undo a change."""
    notebook = do.notebook
    assert do.value("numbers.append(4) or numbers") == "[1, 2, 3, 4]"
    notebook.wait_for("saved")
    do.dismiss()
    do.start("undo")
    do.expect_notification("numbers")
    assert do.value("numbers") == "[1, 2, 3]"


def restore(do: Commands) -> None:
    """Restore a checkpoint with the keyboard, after a preview."""
    notebook = do.notebook
    assert notebook.text("del numbers; other = 1; print()") == "\n"
    notebook.wait_for("saved")
    do.dismiss()
    do.start("restore")
    expect(do.dialog.locator("input:checked")).to_be_focused()
    assert "first numbers" in checkpoint_titles(do.dialog)
    preview = do.dialog.locator(".litestate-preview")
    for _ in checkpoint_titles(do.dialog):
        if "first numbers" in do.dialog.locator("tr:has(:checked)").inner_text():
            break
        do.page.keyboard.press("ArrowDown")
    expect(preview).to_have_attribute("aria-label", re.compile("first numbers"))
    expect(preview).to_contain_text("other")
    expect(preview).to_contain_text("numbers")
    do.page.keyboard.press("Enter")
    do.expect_notification("first numbers")
    assert do.value("numbers, 'other' in globals()") == "[1, 2, 3] False"


def clear_state(do: Commands) -> None:
    """Clear the state, which a careless Enter does not do."""
    do.dismiss()
    do.start("clear-state")
    expect(do.dialog).to_contain_text("Undo brings it back")
    do.page.keyboard.press("Enter")
    expect(do.dialog).to_have_count(0)
    assert do.value("numbers") == "[1, 2, 3]"
    do.start("clear-state")
    do.press("Clear")
    do.expect_notification("lear")
    assert "not defined" in do.value("numbers")


def load_state(do: Commands, bundle: Path) -> None:
    """Load a bundle of this browser."""
    do.dismiss()
    with do.page.expect_file_chooser() as chooser:
        do.start("load-state")
    chooser.value.set_files(bundle)
    expect(do.dialog).to_contain_text("You made it")
    expect(do.dialog.get_by_role("checkbox")).to_have_count(0)
    do.dialog.get_by_text("All changes").focus()
    do.page.keyboard.press("Enter")
    expect(do.dialog.locator("details[open]")).to_contain_text("numbers")
    do.press("Load")
    do.expect_notification("Loaded")
    assert do.value("numbers") == "[1, 2, 3]"


def export_tables(do: Commands, folder: Path) -> None:
    """Export in both forms."""
    do.dismiss()
    do.start("export-tables")
    with do.page.expect_download() as download:
        do.press("Export")
    with zipfile.ZipFile(saved(download.value, folder)) as archive:
        (table,) = [name for name in archive.namelist() if "orders" in name]
        assert archive.read(table).split() == [b"id,price", b"1,2.5"]
    with do.page.expect_download() as download:
        do.start("export-tables", format="xlsx")
    assert saved(download.value, folder).suffix == ".xlsx"


def hand_in(do: Commands, folder: Path, path: str) -> None:
    """Hand in what was typed a moment ago, too."""
    notebook = do.notebook
    notebook.add("# my answer")
    with do.page.expect_download() as download:
        do.click("Hand In…")
    file = saved(download.value, folder)
    assert re.fullmatch(r"homework Untitled \d{4}-\d\d-\d\d\.litestate\.zip", file.name)
    with zipfile.ZipFile(file) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(path)]
        assert "# my answer" in archive.read(name).decode()


def forget_history(do: Commands) -> None:
    """Forget the history, but not the state."""
    do.dismiss()
    do.start("forget-history")
    expect(do.dialog).to_contain_text("This cannot be undone.")
    do.press("Forget")
    do.expect_notification("deleted")
    do.start("restore")
    expect(do.dialog.locator("tbody tr")).to_have_count(1)
    do.page.keyboard.press("Escape")
    assert do.value("numbers") == "[1, 2, 3]"


def test_bundles_are_dropped_and_other_files_are_left_alone(
    open_page: OpenPage, tmp_path: Path
) -> None:
    notebook = open_page()
    do = Commands(notebook)
    bundle, other = strangers_bundle(tmp_path), tmp_path / "photos.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a.txt", "a")

    # Without a notebook, the list of files takes all, as ever
    do.page.locator(FILES).wait_for()
    assert do.drop(FILES, bundle)["drop"]["isReached"]
    assert not do.drop("#jp-main-dock-panel", bundle)["drop"]["isReached"]
    do.expect_notification("Open a notebook")

    notebook.create()
    assert notebook.text("mine = 1; print(mine)") == "1\n"
    notebook.wait_for("saved")
    sent = do.drop(FILES, other)
    assert sent["drop"]["isReached"]
    assert "Untitled" in sent["dragover"]["hint"]
    assert sent["drop"]["hint"] == ""
    sent = do.drop(EDITOR, other)
    assert sent["drop"] == {"isPrevented": True, "isReached": False, "hint": ""}
    do.expect_notification("photos.zip is no saved state")

    # A stranger's bundle, under another name
    do.drop(EDITOR, bundle, "renamed.zip")
    expect(do.dialog).to_contain_text("renamed.zip")
    expect(do.dialog).to_contain_text("someone else’s")
    expect(do.dialog).to_contain_text("waits for your trust")
    expect(do.dialog).to_contain_text("waiting_for_trust")
    expect(do.dialog.get_by_role("checkbox")).not_to_be_checked()
    do.press("Cancel")
    assert do.value("'plain' in globals()") == "False"
    do.drop(FILES, bundle)
    do.press("Load")
    do.expect_notification("Loaded")
    assert do.value("plain, 'waiting_for_trust' in globals(), mine") == "[1, 2] False 1"

    # Its code runs only for a user who says so
    do.drop(EDITOR, bundle, "stranger.litestate (1).zip")
    do.dialog.get_by_role("checkbox").check()
    do.dismiss()
    do.press("Load")
    do.expect_notification("Loaded")
    assert do.value("waiting_for_trust") == "5 km"

    # A damaged file changes nothing, and the kernel says what is wrong
    bundle.write_bytes(bundle.read_bytes()[:-100])
    do.drop(EDITOR, bundle)
    expect(do.dialog).to_contain_text("was not loaded")
    do.press("Close")
    assert do.value("plain") == "[1, 2]"


def test_a_command_waits_for_the_cell_unless_the_user_cancels_it(open_page: OpenPage) -> None:
    notebook = open_page()
    path = notebook.create()
    do = Commands(notebook)
    assert notebook.text("x = 1; print(x)") == "1\n"
    notebook.wait_for("saved")

    notebook.add("import time; time.sleep(6); x = 2")
    do.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-cell')")
    do.start("undo")
    waiting = do.expect_notification("Waiting for the cell…")
    waiting.get_by_role("button", name="Cancel").click()
    downloads: list[Download] = []

    def note(download: Download) -> None:
        downloads.append(download)

    do.page.on("download", note)
    do.start("save-state")
    waiting = do.expect_notification("Waiting for the cell…")
    assert not downloads
    expect(waiting).to_be_hidden(timeout=30_000)
    do.expect_notification("Saved")
    assert len(downloads) == 1
    assert do.value("x") == "2"

    # No two commands have the same keys
    bindings = [(keys, command) for keys, command in do.page.evaluate(BINDINGS)]
    own = {keys for keys, command in bindings if command.startswith("litestate:")}
    assert len(own) == 5
    assert [command for keys, command in bindings if keys in own] == [
        command for _, command in bindings if command.startswith("litestate:")
    ]

    # A tab that only reads changes no history
    notebook.wait_for("saved")
    reader = NotebookPage(Lab(notebook.lab.context, notebook.lab.url))
    reader.go(f"lab/index.html?path={path}").show(path)
    reader.wait_for("readonly")
    other = Commands(reader)
    for command in ("checkpoint", "undo", "forget-history", "hand-in"):
        assert do.is_enabled(command)
        assert not other.is_enabled(command)
    assert reader.text("x = 3; print(x)") == "3\n"
    # There is no undo here: a file has what was there.
    with other.page.expect_download() as download:
        # The one before the first cell.
        other.start("restore", checkpoint=1)
    assert download.value.suggested_filename.endswith(".litestate.zip")
    assert other.value("'x' in globals()") == "False"


def test_the_commands_work_in_notebook_too(open_page: OpenPage, tmp_path: Path) -> None:
    notebook = open_page("notebooks/index.html?path=start.ipynb").show("start.ipynb")
    do = Commands(notebook)
    assert notebook.text("y = 5; print(y)") == "5\n"
    notebook.wait_for("saved")
    with do.page.expect_download() as download:
        do.page.locator(".jp-NotebookPanel-toolbar [data-command='litestate:save-state']").click()
    bundle = saved(download.value, tmp_path)
    assert do.value("globals().pop('y')") == "5"
    notebook.wait_for("saved")
    do.page.locator(".jp-NotebookPanel-toolbar [data-command='litestate:undo']").click()
    do.expect_notification("Restored")
    assert do.value("y") == "5"
    do.click("More of the State", "Restore…")
    expect(do.dialog.locator("tbody tr").nth(1)).to_be_visible()
    do.press("Cancel")
    do.drop(EDITOR, bundle)
    expect(do.dialog).to_contain_text("You made it")
    do.press("Load")
    do.expect_notification("Loaded")


def strangers_bundle(folder: Path) -> Path:
    """Save a bundle of another computer, with a variable that loads only with trust."""
    path = folder / "stranger.litestate.zip"
    program = """
import sys
from litestate import save_state
class Length:
    def __init__(self, km):
        self.km = km
    def __repr__(self):
        return f"{self.km} km"
plain, waiting_for_trust = [1, 2], Length(5)
save_state(sys.argv[1], variables=["plain", "waiting_for_trust"])
"""
    # Of another user: nothing of this one is in it.
    home = folder / "stranger"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home)}
    # A class is stored as its source, if that is in a file.
    script = home / "measure.py"
    script.write_text(program, encoding="utf-8")
    subprocess.run([sys.executable, script, path], check=True, cwd=home, env=environment)
    return path
