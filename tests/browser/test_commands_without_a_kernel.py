"""The page's own commands, which need no kernel: download all, reset, clear; names of histories."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lab import START_TIMEOUT, Lab
from playwright.sync_api import BrowserContext, Download, Page, expect

FILES = Path(os.environ["LITESTATE_DIST"]) / "files"

NewProfile = Callable[..., BrowserContext]

SAVE = """
async (models) => {
  const { contents } = window.jupyterapp.serviceManager;
  for (const [path, model] of Object.entries(models)) { await contents.save(path, model); }
}
"""

# Half of it is digits, which shrink, and the rest does not.
SAVE_LARGE = """
async ([path, size]) => {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 65536) {
    crypto.getRandomValues(bytes.subarray(at, at + 65536));
  }
  for (let at = 0; at < size / 2; at++) { bytes[at] = 48 + bytes[at] % 10; }
  const parts = [];
  for (let at = 0; at < size; at += 30000) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 30000))));
  }
  const content = parts.join("");
  const { contents } = window.jupyterapp.serviceManager;
  await contents.save(path, { type: "file", format: "base64", content });
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
"""

# Returns the longest time for which the page did nothing else, as a part of all.
DOWNLOAD_AND_WATCH = """
async () => {
  const start = performance.now();
  let [last, longest] = [start, 0];
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 10);
  await window.jupyterapp.commands.execute("litestate:download-all-files");
  look();
  clearInterval(timer);
  return longest / (last - start);
}
"""

# Two histories in OPFS whose notebooks are long gone, one of them open in this page.
OLD_HISTORIES = """
async ([site, folder, time]) => {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle("litestate", { create: true });
  const own = await all.getDirectoryHandle(folder, { create: true });
  for (const name of ["old.ipynb", "used.ipynb"]) {
    const history = await own.getDirectoryHandle(name, { create: true });
    await history.getFileHandle("0.log", { create: true });
    localStorage.setItem(`litestate deleted:${site}:${name}`, time);
  }
  void navigator.locks.request(`litestate:${site}:used.ipynb`, () => new Promise(() => {}));
}
"""

TREE = """
async () => {
  const found = [];
  const list = async (folder, path) => {
    for await (const [name, handle] of folder.entries()) {
      found.push(path + name);
      if (handle.kind === "directory") { await list(handle, `${path}${name}/`); }
    }
  };
  await list(await navigator.storage.getDirectory(), "");
  return found;
}
"""

# What another site of this origin has stored, and one of this site.
STORE = """
async ([folders, keys, databases]) => {
  const root = await navigator.storage.getDirectory();
  for (const path of folders) {
    let folder = root;
    for (const name of path.split("/")) {
      folder = await folder.getDirectoryHandle(name, { create: true });
    }
  }
  for (const key of keys) { localStorage.setItem(key, "value"); }
  for (const name of databases) {
    await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore("files").put(1, "a.txt");
      opening.onsuccess = () => { opening.result.close(); resolve(); };
      opening.onerror = () => reject(opening.error);
    });
  }
}
"""

OTHER_IS_OPEN = """
() => {
  const widgets = [...window.jupyterapp.shell.widgets("main")];
  return widgets.some((widget) => widget.context?.path === "other.ipynb");
}
"""

USE_OTHER = """
async () => {
  const widgets = [...window.jupyterapp.shell.widgets("main")];
  window.panel = widgets.find((widget) => widget.context?.path === "other.ipynb");
  await window.panel.sessionContext.ready;
  await window.panel.sessionContext.session.kernel.info;
}
"""

LOCAL_FILES = """
async () => {
  const drive = window.jupyterapp.serviceManager.contents._defaultDrive;
  return (await drive.storage).keys();
}
"""

COUNTS = """
async () => {
  const counts = {};
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("litestate")) { continue; }
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    counts[name] = await new Promise((resolve) => {
      const stores = database.objectStoreNames;
      const counting = database.transaction(stores).objectStore(stores[0]).count();
      counting.onsuccess = () => resolve(counting.result);
    });
    database.close();
  }
  return counts;
}
"""


def open_page(context: BrowserContext, site: str, address: str) -> Page:
    """Open a page of the site that needs no kernel."""
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{site}{address}", timeout=START_TIMEOUT)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=START_TIMEOUT)
    page.evaluate("window.jupyterapp.restored")
    return page


def choose(page: Page, menu: str, item: str) -> None:
    """Choose an item of the menu bar."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item).click()


def downloaded(page: Page) -> zipfile.ZipFile:
    """Download all files, by the menu; return the archive."""
    with page.expect_download(timeout=120_000) as expected:
        choose(page, "File", "Download All Files")
    download: Download = expected.value
    assert re.fullmatch(r"files \d{4}-\d\d-\d\d \d{4}\.zip", download.suggested_filename)
    return zipfile.ZipFile(io.BytesIO(Path(download.path()).read_bytes()))


def history_of(page: Page, path: str) -> dict[str, Any]:
    history: dict[str, Any] = page.evaluate("(path) => litestateNames.historyOf(path)", path)
    return history


def contents(page: Page, method: str, *arguments: Any) -> Any:
    """Call a method of the contents manager."""
    call = "([name, ...rest]) => window.jupyterapp.serviceManager.contents[name](...rest)"
    return page.evaluate(call, [method, *arguments])


def test_without_kernels(new_profile: NewProfile, site: str, tmp_path: Path) -> None:
    context = new_profile()
    page = open_page(context, site, "lab/index.html?path=data/README.md")
    _old_histories_are_removed_later(page, site)

    cells = [{"cell_type": "code", "source": "ü = 1", "outputs": [], "metadata": {}}]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    text = "ü, 日本, 😀\r\nno end"
    models = {
        "grüße": {"type": "directory"},
        "grüße/leer": {"type": "directory"},
        "grüße/日本 😀 #1.txt": {"type": "file", "format": "text", "content": text},
        "grüße/bytes.bin": {"type": "file", "format": "base64", "content": "AP/+gAECAw=="},
        "mine.ipynb": {"type": "notebook", "format": "json", "content": notebook},
        "data/bikes.csv": {"type": "file", "format": "text", "content": "changed"},
        "broken.bin": {"type": "file", "format": "base64", "content": "!!!!"},
    }
    page.evaluate(SAVE, models)
    archive = downloaded(page)
    assert archive.testzip() is None
    names = {path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file()}
    assert "start.ipynb" in names
    own = {"grüße/leer/", "grüße/日本 😀 #1.txt", "grüße/bytes.bin", "mine.ipynb"}
    assert set(archive.namelist()) == names | own
    for name in names - {"data/bikes.csv"}:
        assert archive.read(name) == (FILES / name).read_bytes(), name
    assert archive.read("data/bikes.csv") == b"changed"
    assert archive.read("grüße/日本 😀 #1.txt") == text.encode()
    assert archive.read("grüße/bytes.bin") == b"\0\xff\xfe\x80\1\2\3"
    written = archive.read("mine.ipynb").decode()
    assert written == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"

    notice = page.locator(".Toastify__toast", has_text="could not be read")
    expect(notice).to_contain_text("1 could not be read: broken.bin")
    page.screenshot(path=tmp_path / "unreadable.png")
    notice.get_by_role("button", name="Details").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("pre")).to_contain_text("broken.bin: ")
    page.screenshot(path=tmp_path / "details.png")
    print("screenshots:", tmp_path)
    dialog.get_by_role("button", name="Close").click()

    contents(page, "delete", "broken.bin")
    _a_large_drive_is_downloaded(page)
    _names_follow_files(page)
    _wait_until_old_histories_are_gone(page)


def _a_large_drive_is_downloaded(page: Page) -> None:
    sizes = {"large.bin": 80_000_000, "other.bin": 20_000_000}
    sums = {name: page.evaluate(SAVE_LARGE, [name, size]) for name, size in sizes.items()}
    with page.expect_download(timeout=120_000) as expected:
        part = page.evaluate(DOWNLOAD_AND_WATCH)
    archive = zipfile.ZipFile(io.BytesIO(Path(expected.value.path()).read_bytes()))
    for name, sum_ in sums.items():
        data = archive.read(name)
        assert len(data) == sizes[name]
        assert hashlib.sha256(data).hexdigest() == sum_
        assert archive.getinfo(name).compress_size < 0.8 * sizes[name]
    expect(page.locator(".Toastify__toast", has_text='as "files').last).to_be_visible()
    print(f"longest time without a break: {part:.0%}")
    # A ratio, as all is slower on a busy machine.
    assert part < 0.25
    for name in sums:
        contents(page, "delete", name)


def _names_follow_files(page: Page) -> None:
    assert history_of(page, "mine.ipynb") == {"name": "mine.ipynb"}
    contents(page, "rename", "mine.ipynb", "grüße/yours.ipynb")
    assert history_of(page, "grüße/yours.ipynb") == {"name": "mine.ipynb"}
    assert history_of(page, "mine.ipynb")["name"].startswith("mine.ipynb of ")
    # JupyterLite reports each file of a renamed folder, and then the folder.
    contents(page, "rename", "grüße", "hallo")
    assert history_of(page, "hallo/yours.ipynb") == {"name": "mine.ipynb"}

    # As "Duplicate" of the file browser does.
    page.locator(".jp-BreadCrumbs-home").click()
    page.locator(".jp-DirListing-item", has_text="hallo").dblclick()
    page.locator(".jp-DirListing-item", has_text="yours.ipynb").click(button="right")
    page.get_by_role("menuitem", name="Duplicate").click()
    copy = page.locator(".jp-DirListing-item", has_text="yours (copy).ipynb")
    expect(copy).to_be_visible()
    expected = {"name": "hallo/yours (copy).ipynb", "copyOf": "mine.ipynb"}
    assert history_of(page, "hallo/yours (copy).ipynb") == expected

    contents(page, "delete", "hallo")
    history = history_of(page, "hallo/yours.ipynb")
    assert history["copyOf"] == "mine.ipynb"
    assert datetime.now(UTC).timestamp() * 1000 - history["deletedAt"] < 60_000


def _old_histories_are_removed_later(page: Page, site: str) -> None:
    folder = site_folder(site)
    time = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    page.evaluate(OLD_HISTORIES, [site, folder, time])
    assert f"litestate/{folder}/old.ipynb/0.log" in page.evaluate(TREE)


def _wait_until_old_histories_are_gone(page: Page) -> None:
    page.wait_for_function(
        "() => !Object.keys(localStorage).some((key) => key.endsWith('old.ipynb'))",
        timeout=60_000,
    )
    found = page.evaluate(TREE)
    assert not [path for path in found if "old.ipynb" in path]
    # A kernel writes it.
    assert [path for path in found if path.endswith("used.ipynb/0.log")]
    assert page.evaluate("Object.keys(localStorage).some((key) => key.endsWith('used.ipynb'))")


def site_folder(site: str) -> str:
    """Return the folder of a site in OPFS; addresses in tests have no capital letters."""
    return site.replace(":", "%3A").replace("/", "%2F")


def test_reset_and_save_as(new_profile: NewProfile, site: str, tmp_path: Path) -> None:
    lab = Lab(new_profile(automatic=True), site).open()
    page = lab.page
    site_cells = json.loads((FILES / "start.ipynb").read_text())["cells"]
    choose(page, "File", "Reset Notebook…")
    expect(page.get_by_text("is the version of this site already")).to_be_visible()

    lab.set_cells("mine = 1", "mine + 1")
    lab.run_all()
    choose(page, "File", "Reset Notebook…")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your version is kept beside it, as")
    page.screenshot(path=tmp_path / "reset.png")
    dialog.get_by_role("button", name="Reset").click()
    notice = page.locator(".Toastify__toast", has_text="the version of this site again")
    expect(notice).to_be_visible(timeout=30_000)
    page.screenshot(path=tmp_path / "was reset.png")
    print("screenshots:", tmp_path)
    assert [cell["source"] for cell in lab.cells()] == [
        "".join(cell["source"]) for cell in site_cells
    ]
    assert lab.value("mine") == 1
    expect(notice).not_to_contain_text("No checkpoint")
    checkpoints = lab.check("import litestate\nprint(litestate.checkpoints())")
    assert "Before the notebook was reset" in checkpoints
    listed = contents(page, "get", "", {"content": True})["content"]
    (copy,) = [item["path"] for item in listed if "(before reset" in item["path"]]
    mine = contents(page, "get", copy, {"content": True})["content"]["cells"]
    assert [cell["source"] for cell in mine] == ["mine = 1", "mine + 1"]
    assert mine[1]["outputs"]

    # A later save finds no other version of the file.
    lab.set_cells("again = 1")
    page.evaluate("panel.context.save()")
    expect(page.get_by_role("dialog")).to_have_count(0)
    stored = contents(page, "get", "start.ipynb", {"content": True})["content"]["cells"]
    assert [cell["source"] for cell in stored] == ["again = 1"]

    choose(page, "File", "Save Notebook As…")
    dialog.get_by_role("textbox").fill("other.ipynb")
    dialog.get_by_role("button", name="Save").click()
    other = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    page.wait_for_function(OTHER_IS_OPEN, timeout=30_000)
    expect(other).to_be_visible()
    # It is a copy, and begins with the state of the original.
    page.evaluate(USE_OTHER)
    assert lab.value("mine") == 1
    assert history_of(page, "other.ipynb")["name"] == "other.ipynb"
    assert history_of(page, "start.ipynb") == {"name": "start.ipynb"}
    page.get_by_role("menuitem", name="File", exact=True).click()
    item = page.get_by_role("menuitem", name="Reset Notebook (this site came without it)")
    expect(item).to_have_attribute("aria-disabled", "true")
    page.screenshot(path=tmp_path / "menu.png")


def test_clear(new_profile: NewProfile, two_sites: tuple[str, str], tmp_path: Path) -> None:
    site, other_site = two_sites
    inner_site = f"{site}inner/"
    context = new_profile(automatic=True)
    lab = Lab(context, site).open()
    lab.set_cells("cleared = 1", "open('cleared.txt', 'w').close()")
    lab.run_all()
    page = lab.page
    tab = Lab(context, site).open("sqlite-tutorial.ipynb")
    tab.set_cells("also = 1")
    tab.run_all()
    others = [other_site, inner_site]
    databases = [f"litestate drive {each}api/drive" for each in others]
    keys = [f"litestate{kind}:{each}:a.ipynb" for each in others for kind in ("", " origin")]
    folders = [f"litestate/{site_folder(each)}/a.ipynb" for each in others]
    own = f"litestate/{site_folder(site)}"
    page.evaluate(
        STORE,
        [
            [*folders, f"{own}/gone.ipynb"],
            [*keys, f"litestate:{site}:gone.ipynb"],
            [*databases, "litestate"],
        ],
    )
    before = page.evaluate(COUNTS)
    assert before[f"litestate drive {site}api/drive"] > 0
    assert {f"{own}/start.ipynb", f"{own}/sqlite-tutorial.ipynb"} < set(page.evaluate(TREE))

    choose(page, "Help", "Clear Browser Data")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("With files and notebooks go their saved variables")
    page.screenshot(path=tmp_path / "clear.png")
    print("screenshots:", tmp_path)
    with page.expect_navigation(timeout=60_000):
        dialog.get_by_role("button", name="Clear", exact=True).click()

    expect(tab.page.get_by_text("cleared in another tab")).to_be_visible()
    tab.page.screenshot(path=tmp_path / "other tab.png")
    assert tab.page.evaluate("[...jupyterapp.serviceManager.kernels.running()].length") == 0
    page.wait_for_function("window.jupyterapp !== undefined", timeout=START_TIMEOUT)
    assert set(page.evaluate(LOCAL_FILES)) <= {"start.ipynb"}
    found = page.evaluate(TREE)
    # The page may have begun a new history for the notebook that it has opened again.
    assert not [path for path in found if path.startswith((f"{own}/gone", f"{own}/sqlite"))]
    assert set(folders) < set(found)
    stored = page.evaluate("Object.keys(localStorage)")
    assert set(keys) < set(stored)
    assert f"litestate:{site}:gone.ipynb" not in stored
    after = page.evaluate(COUNTS)
    assert after == {**before, f"litestate drive {site}api/drive": 0}
