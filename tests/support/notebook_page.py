"""A page of JupyterLab or Notebook as a user of the automatic saving sees it: status, messages."""

from __future__ import annotations

from typing import Any

from lab import CELL_TIMEOUT, Lab
from playwright.sync_api import Locator, expect

_NEW = """
async () => {
  await window.jupyterapp.restored;
  const create = { kernelName: "python" };
  const panel = await window.jupyterapp.commands.execute("notebook:create-new", create);
  await panel.context.ready;
  window.panel = panel;
  return panel.context.path;
}
"""

_PANEL = """
async ([path, timeout]) => {
  await window.jupyterapp.restored;
  const end = performance.now() + timeout;
  for (;;) {
    const widgets = [...window.jupyterapp.shell.widgets("main")];
    const panel = widgets.find((widget) => widget.context?.path === path);
    if (panel) {
      await panel.context.ready;
      window.panel = panel;
      window.jupyterapp.shell.activateById(panel.id);
      return;
    }
    if (performance.now() > end) { throw new Error(`${path} did not open`); }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
"""

_APPEND = """
(source) => {
  const { content } = window.panel;
  const model = content.model.sharedModel;
  const last = model.cells[model.cells.length - 1];
  if (last && !last.source) { model.deleteCell(model.cells.length - 1); }
  model.insertCell(model.cells.length, { cell_type: "code", source });
  content.activeCellIndex = model.cells.length - 1;
}
"""

_RUN = """
async (timeout) => {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the cell did not end")), timeout);
  });
  await Promise.race([window.jupyterapp.commands.execute("notebook:run-cell"), late]);
  return window.panel.content.activeCell.model.outputs.toJSON();
}
"""


class NotebookPage:
    """One page with notebooks, in a profile in which everything is saved automatically.

    Parameters
    ----------
    lab : Lab
        A lab, whose page is used.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def go(self, address: str = "lab/index.html") -> NotebookPage:
        """Open a page of the site in a new tab."""
        self.lab._new_page()
        self.lab.page.goto(f"{self.lab.url}{address}")
        self.lab.page.wait_for_function("window.jupyterapp !== undefined")
        return self

    def create(self) -> str:
        """Make a new notebook, without waiting for its kernel; return its path."""
        path: str = self.lab.page.evaluate(_NEW)
        return path

    def show(self, path: str) -> NotebookPage:
        """Wait for an open notebook, and bring it to the front."""
        self.lab.page.wait_for_function("window.jupyterapp !== undefined")
        self.lab.page.evaluate(_PANEL, [path, CELL_TIMEOUT])
        return self

    def reload(self, path: str) -> NotebookPage:
        """Reload the page, and wait for a notebook in it, but not for its kernel."""
        self.lab.page.reload()
        return self.show(path)

    def add(self, source: str) -> None:
        """Append a code cell, and make it the active one."""
        self.lab.page.evaluate(_APPEND, source)

    def run(self, source: str) -> list[dict[str, Any]]:
        """Append a cell, run it as the menu does, and return its outputs."""
        self.add(source)
        outputs: list[dict[str, Any]] = self.lab.page.evaluate(_RUN, CELL_TIMEOUT)
        return outputs

    def text(self, source: str) -> str:
        """Run a cell and return what it has written to standard output, or its error."""
        return "".join(
            output.get("text", "") or output.get("evalue", "") for output in self.run(source)
        )

    @property
    def status(self) -> Locator:
        """The status in the toolbar of the notebook in front."""
        return self.lab.page.locator(
            ".jp-NotebookPanel:not(.lm-mod-hidden) .litestate-status"
        ).first

    def wait_for(self, kind: str, timeout: float = CELL_TIMEOUT) -> None:
        """Wait until the status is of a kind, such as "saved"."""
        expect(self.status).to_have_attribute("data-kind", kind, timeout=timeout)

    @property
    def kind(self) -> str | None:
        """The kind of the status now."""
        return self.status.get_attribute("data-kind")

    def notification(self, text: str) -> Locator:
        """Return the notification with a text."""
        return self.lab.page.locator(".Toastify__toast", has_text=text)

    def sources(self) -> list[str]:
        """Return the sources of the notebook's code cells."""
        return [c["source"] for c in self.lab.cells() if c["cell_type"] == "code" and c["source"]]
