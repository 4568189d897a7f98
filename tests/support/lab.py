"""Drive the built site as a user does: open a notebook, run cells, click."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Download, Page, Route, expect

START_TIMEOUT = 120_000
"""Milliseconds for the page and the kernel to start; it takes about 20 s on two cores."""

CELL_TIMEOUT = 120_000
"""Milliseconds for one request to the kernel."""

KERNEL_HANGS = "no answer of the kernel"
"""Part of the error if all is there but a started kernel."""

_READY = """
async ([notebook, timeout]) => {
  let stage = "layout";
  let panel = null;
  const ready = async () => {
    await window.jupyterapp.restored;
    stage = "panel of the notebook";
    while (!panel) {
      const widgets = [...window.jupyterapp.shell.widgets("main")];
      // What was open in another tab of this profile is opened here, too.
      panel = widgets.find((widget) => widget.context?.path?.endsWith(notebook));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    stage = "content";
    await panel.context.ready;
    stage = "session";
    await panel.sessionContext.ready;
    stage = "answer of the kernel";
    await panel.sessionContext.session.kernel.info;
    window.panel = panel;
    return panel.context.path;
  };
  const late = new Promise((_, reject) => {
    setTimeout(() => {
      const kernel = panel?.sessionContext.session?.kernel;
      const state = kernel ? `${kernel.status}, ${kernel.connectionStatus}` : "none";
      reject(new Error(`the notebook did not open: no ${stage} (kernel: ${state})`));
    }, timeout);
  });
  return Promise.race([ready(), late]);
}
"""

_EXECUTE = """
async ([code, timeout]) => {
  const kernel = window.panel.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, stop_on_error: false, store_history: true });
  const outputs = [];
  future.onIOPub = (message) => outputs.push({ type: message.header.msg_type, ...message.content });
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the cell did not end")), timeout);
  });
  await Promise.race([future.done, late]);
  return outputs;
}
"""

_RUN_ALL = """
async (timeout) => {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the cells did not end")), timeout);
  });
  await Promise.race([window.jupyterapp.commands.execute("notebook:run-all-cells"), late]);
  return window.panel.content.model.toJSON().cells;
}
"""

_START_ALL = """
() => {
  window.finished = false;
  const run = window.jupyterapp.commands.execute("notebook:run-all-cells");
  run.finally(() => { window.finished = true; });
}
"""

_SET_CELLS = """
async (sources) => {
  const model = window.panel.content.model.sharedModel;
  model.transact(() => {
    model.deleteCellRange(0, model.cells.length);
    model.insertCells(0, sources.map((source) => ({ cell_type: "code", source })));
  });
}
"""


_ONLY_PANEL = """
async () => {
  const { shell, serviceManager } = window.jupyterapp;
  for (const widget of [...shell.widgets("main")]) {
    if (widget !== window.panel) { widget.dispose(); }
  }
  shell.activateById(window.panel.id);
  const own = window.panel.sessionContext.session;
  // A test may have shut it down.
  if (!own?.kernel) { return false; }
  for (const { id, path, kernel } of [...serviceManager.sessions.running()]) {
    // After a reload, the one of this notebook may be listed under its earlier id, too.
    if (id !== own.id && path !== own.path && kernel?.id !== own.kernel.id) {
      await serviceManager.sessions.shutdown(id);
    }
  }
  return true;
}
"""

_CLEAR = """
const clear = async (isWanted, isStore) => {
  for (const { name } of await indexedDB.databases()) {
    if (!isWanted(name)) { continue; }
    const database = await new Promise((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    for (const store of [...database.objectStoreNames].filter(isStore)) {
      await new Promise((resolve, reject) => {
        const transaction = database.transaction(store, "readwrite");
        transaction.oncomplete = resolve;
        transaction.onerror = () => reject(transaction.error);
        transaction.objectStore(store).clear();
      });
    }
    database.close();
  }
};
"""

_RENEW = """
async () => {
  CLEAR
  const { shell, serviceManager } = window.jupyterapp;
  for (const widget of [...shell.widgets("main")]) {
    if (widget !== window.panel) { widget.dispose(); }
  }
  shell.activateById(window.panel.id);
  for (const { id } of [...serviceManager.sessions.running()]) {
    // One that a test has shut down may still be listed.
    await serviceManager.sessions.shutdown(id).catch(() => {});
  }
  await serviceManager.contents._defaultDrive.clearStorage();
  await clear((name) => name.startsWith("litestate drive"), () => true);
  localStorage.clear();
  // The marks by which litestate tells a restart from a reload.
  delete window.litestateKernels;
  delete window.litestateTab;
  const folder = await navigator.storage.getDirectory();
  const names = [];
  for await (const name of folder.keys()) { names.push(name); }
  for (const name of names) {
    // The browser takes a moment to release the files of a worker that it has ended.
    for (let tries = 0; ; tries++) {
      try {
        await folder.removeEntry(name, { recursive: true });
        break;
      } catch (error) {
        if (tries === 50) { throw error; }
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
  await window.panel.sessionContext.startKernel();
  await window.panel.sessionContext.session.kernel.info;
}
""".replace("CLEAR", _CLEAR)

_FORGET_LAYOUT = """
async () => {
  CLEAR
  await clear((name) => name.startsWith("JupyterLite Storage"), (store) => store === "statedb");
}
""".replace("CLEAR", _CLEAR)
"""A second tab would open the notebooks of the first, too, and start a kernel for each."""

_SILENTLY = """
async (code) => {
  const kernel = window.panel.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, silent: true, store_history: false });
  const reply = await future.done;
  if (reply.content.status !== "ok") { throw new Error(reply.content.evalue); }
}
"""

_REMEMBER = """
import os as _os
if not _os.path.exists("/tmp/lab_start"):
    import pickle as _pickle, sys as _sys, warnings as _warnings
    with open("/tmp/lab_start", "wb") as _file:
        _pickle.dump((dict(_os.environ), _sys.path, _warnings.filters), _file)
    del _pickle, _sys, _warnings, _file
del _os
"""
"""Note what a clean kernel has, in a file: what a notebook leaves in Python, a save would name."""

_EMPTY = """
get_ipython().reset(new_session=False)
import os as _os, pickle as _pickle, sys as _sys, warnings as _warnings
from pathlib import Path as _Path
with open("/tmp/lab_start", "rb") as _file:
    _environment, _sys.path[:], _warnings.filters[:] = _pickle.load(_file)
_os.environ.clear()
_os.environ.update(_environment)
_os.chdir("/drive")
def _empty(folder, kept):
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.relative_to(folder).parts[0] in kept:
            continue
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
_empty(_Path.home(), [".ipython"])
# The site's own.
_empty(_Path("/drive"), ["data", *(path.name for path in _Path("/drive").glob("*.ipynb"))])
"""


@dataclass
class Output:
    """The text, errors and displays of one piece of code."""

    messages: list[dict[str, Any]]

    @property
    def text(self) -> str:
        """Standard output."""
        return "".join(
            m["text"] for m in self.messages if m["type"] == "stream" and m["name"] == "stdout"
        )

    @property
    def error(self) -> str:
        """``Name: message`` of the exception, or nothing."""
        return "".join(
            f"{m['ename']}: {m['evalue']}" for m in self.messages if m["type"] == "error"
        )

    @property
    def data(self) -> list[dict[str, Any]]:
        """MIME bundles that were displayed or returned."""
        shown = ("display_data", "execute_result", "update_display_data")
        return [m["data"] for m in self.messages if m["type"] in shown]


@dataclass
class Lab:
    """JupyterLab in one tab, with one notebook and its kernel.

    Attributes
    ----------
    context : BrowserContext
        The browser profile.
    url : str
        Address of the site.
    console : list of str
        Messages that the page logged.
    """

    context: BrowserContext
    url: str
    page: Page = field(init=False)
    console: list[str] = field(default_factory=list)
    _notebook: str = ".ipynb"
    _served: list[str] = field(default_factory=list)
    _is_shared: bool = False
    _is_new: bool = False
    _is_used_up: bool = False

    def enter(self) -> Lab:
        """Go to the site's own address and wait for a notebook and its kernel, to be shared."""
        self._new_page()
        self._notebook = "start.ipynb"
        self.page.goto(self.url, timeout=START_TIMEOUT)
        self._wait()
        self._is_shared = self._is_new = True
        return self

    def open(self, notebook: str = "start.ipynb", app: str = "lab") -> Lab:
        """Open a notebook of the site and wait for its kernel."""
        for page in self.context.pages:
            if page.url.startswith(self.url):
                page.evaluate(_FORGET_LAYOUT)
        self._new_page()
        self._notebook = notebook
        address = "lab/index.html" if app == "lab" else "notebooks/index.html"
        self.page.goto(f"{self.url}{address}?path={notebook}", timeout=START_TIMEOUT)
        return self._wait()

    def serve(self, name: str, data: bytes) -> None:
        """Add a file to the site, for this profile."""
        self._served.append(f"{self.url}{name}")
        self.context.route(self._served[-1], lambda route: route.fulfill(body=data))

    def reload(self) -> Lab:
        """Reload the page, which ends the kernel and starts a new one."""
        self.page.reload(timeout=START_TIMEOUT)
        return self._wait()

    def clean(self) -> Lab:
        """Remove what tests created in the kernel, in its folders and in the page."""
        self._tidy_page()
        if self._is_used_up or not self.page.evaluate(_ONLY_PANEL):
            self.renew()
        self._is_new = False
        self.set_cells()
        self._silently(_REMEMBER)
        self.check(_EMPTY)
        return self

    def renew(self) -> Lab:
        """Remove everything that the site has stored, and start a new kernel in the same page.

        The state is that of a new profile, and this takes a third less time. A lab that no test
        has had is left as it is.
        """
        if not self._is_new:
            self._tidy_page()
            self.set_cells()
            self.page.evaluate(_RENEW)
        self._is_new = True
        self._is_used_up = False
        return self

    def use_up(self) -> None:
        """Record that only a new kernel and empty storage can reset this lab."""
        self._is_new = False
        self._is_used_up = True

    def _tidy_page(self) -> None:
        for page in self.context.pages:
            if page != self.page:
                page.close()
        for url in self._served:
            self.context.unroute(url)
        self._served.clear()

    def _silently(self, code: str) -> None:
        """Run code that leaves no entry in the history."""
        self.page.evaluate(_SILENTLY, code)

    def run(self, code: str, timeout: int = CELL_TIMEOUT) -> Output:
        """Run code in the kernel."""
        return Output(self.page.evaluate(_EXECUTE, [code, timeout]))

    def value(self, expression: str) -> Any:
        """Return the value of an expression in the kernel, as far as JSON can hold it."""
        output = self.run(f"import json as _json; print(_json.dumps({expression}))")
        assert not output.error, output.error
        return json.loads(output.text)

    def check(self, code: str) -> str:
        """Run code that must not fail; return its output."""
        output = self.run(code)
        assert not output.error, output.error
        return output.text

    def set_cells(self, *sources: str) -> None:
        """Replace the cells of the notebook."""
        self.page.evaluate(_SET_CELLS, list(sources))

    def run_all(self, timeout: int = CELL_TIMEOUT) -> list[dict[str, Any]]:
        """Run every cell, as the menu does; return the cells with their outputs."""
        cells: list[dict[str, Any]] = self.page.evaluate(_RUN_ALL, timeout)
        return cells

    def start_all(self) -> None:
        """Start running every cell, without waiting for the end."""
        self.page.evaluate(_START_ALL)

    def finish(self) -> str:
        """Wait for the cells of `start_all`; return all outputs of the notebook as text."""
        self.page.wait_for_function("window.finished", timeout=CELL_TIMEOUT)
        return json.dumps([cell["outputs"] for cell in self.cells()], ensure_ascii=False)

    def cells(self) -> list[dict[str, Any]]:
        """Return the cells as they would be stored."""
        cells: list[dict[str, Any]] = self.page.evaluate(
            "window.panel.content.model.toJSON().cells"
        )
        return cells

    def choose_file(self, path: Path) -> None:
        """Wait for the page's file chooser, and choose a file."""
        field = self.page.locator("input[type=file]").last
        # Disabled until the script beside it has connected it to the kernel.
        expect(field).to_be_enabled(timeout=30_000)
        field.set_input_files(path)

    def click_download(self, folder: Path, label: str = "Download") -> Path:
        """Click the newest link of that name and return the file that arrived."""
        with self.page.expect_download(timeout=30_000) as expected:
            self.page.get_by_role("link", name=label).last.click()
        download: Download = expected.value
        path = folder / download.suggested_filename
        download.save_as(path)
        return path

    def _new_page(self) -> None:
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.console.append(message.text))
        # "Leave site?" is asked when a notebook is not saved; a user says yes.
        self.page.on("dialog", lambda dialog: dialog.accept())

    def _wait(self) -> Lab:
        self.page.wait_for_function("window.jupyterapp !== undefined", timeout=START_TIMEOUT)
        self.page.evaluate(_READY, [self._notebook, START_TIMEOUT])
        if self._is_shared and not self._is_used_up:
            self._silently(_REMEMBER)
        return self


def with_settings(
    context: BrowserContext, *, commands: dict[str, Any] | None = None, **settings: Any
) -> None:
    """Give the site settings of litestate and of its commands, as an ``overrides.json`` does."""

    def with_overrides(route: Route) -> None:
        answer = route.fetch()
        config = answer.json()
        overrides = config["jupyter-config-data"].setdefault("settingsOverrides", {})
        overrides["litestate:front-end"] = settings
        overrides["litestate:commands"] = commands or {}
        route.fulfill(response=answer, json=config)

    # Only the site's own; each app has one, too.
    context.route(
        re.compile(r"//[^/]+/(some/where/|one/|other/)?jupyter-lite\.json$"), with_overrides
    )


def without_jspi(context: BrowserContext) -> None:
    """Hide JSPI from the kernels of a profile, as in some browsers."""

    def without(route: Route) -> None:
        answer = route.fetch()
        lacking = "delete WebAssembly.Suspending; delete WebAssembly.promising;\n"
        route.fulfill(response=answer, body=lacking + answer.text())

    context.route("**/pyodide-kernel-extension/static/*.js*", without)


def sources(notebook: Path) -> list[str]:
    """Return the code cells of a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def errors(cells: list[dict[str, Any]]) -> list[str]:
    """Return the errors that cells ended with."""
    return [
        f"{output['ename']}: {output['evalue']}"
        for cell in cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "error"
    ]
