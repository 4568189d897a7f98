"""The notebook that this kernel belongs to, as the page knows it.

A kernel does not know the name of its notebook. The page knows in which notebook an output
appears, and it outlives the kernel: marks that the kernel leaves in the page are there after a
restart, and gone after a reload.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any

from .form import HIDDEN, Form
from .kernel import site, started

TIMEOUT = 5.0
"""Seconds for the page to answer, which takes 0.1. A page that runs no JavaScript in outputs never
answers."""

_PATIENCE = 100
"""Milliseconds to wait for a better answer."""

_SCRIPT = """
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// Of litestate's extension. A page without it may expose JupyterLab's application.
const shell = window.litestateShell ?? window.jupyterapp?.shell;

const findContext = () => {
  const widgets = [...(shell?.widgets("main") ?? [])];
  const context = widgets.find((widget) => widget.node.contains(form))?.context;
  return context?.path?.endsWith(".ipynb") ? context : null;
};

const pathOfAddress = () => {
  const path = shell ? null : new URLSearchParams(location.search).get("path");
  return path?.endsWith(".ipynb") ? path : null;
};

// Firefox asks the user, who may take any time.
const persist = async () => Promise.race([
  navigator.storage.persist(),
  wait(PATIENCE).then(() => navigator.storage.persisted()),
]);

const kernels = (window.litestateKernels ??= new Map());
const followed = (window.litestateFollowed ??= new WeakSet());
window.litestateTab ??= NEW_TAB;

// The history of a notebook that is renamed goes with it; another one that gets its old path begins
// a new one. litestate's extension records that for all files, whether they are open or not.
const names = window.litestateNames;
const nameKey = (path) => `litestate:${SITE}:${path}`;
const nameOf = (path) => (
  names ? names.historyOf(path).name : localStorage.getItem(nameKey(path)) ?? path
);

const follow = (context) => {
  let path = context.path;
  context.pathChanged.connect((_, newPath) => {
    if (kernels.has(path)) kernels.set(newPath, kernels.get(path));
    kernels.delete(path);
    if (!names) {
      localStorage.setItem(nameKey(newPath), nameOf(path));
      localStorage.setItem(nameKey(path), `${path} of ${new Date().toISOString()}`);
    }
    path = newPath;
  });
  followed.add(context);
};

const mark = (path) => {
  if (!kernels.has(path)) kernels.set(path, new Set());
  const restarted = [...kernels.get(path)].some((kernel) => kernel !== KERNEL);
  kernels.get(path).add(KERNEL);
  return restarted;
};

(async () => {
  const persisted = persist().catch(() => null);
  const context = findContext();
  if (context && !followed.has(context)) follow(context);
  const path = context?.path ?? pathOfAddress();
  const restarted = path !== null && mark(path);
  // An output can have a tab of its own. The notebook beside it knows more.
  if (path === null) await wait(PATIENCE);
  const name = path && nameOf(path);
  const page = { path, name, restarted, persisted: await persisted, tab: window.litestateTab };
  send({ type: "page", page: JSON.stringify({ ...page, title: document.title }) });
})();
"""


@dataclass(frozen=True)
class Page:
    """The page's knowledge about this kernel.

    Attributes
    ----------
    path : str or None
        The notebook, as a path in the site's contents, for example ``folder/start.ipynb``. None in
        a console and in the REPL, and if the page does not answer.
    name : str or None
        The path when autosave began; the notebook may have been renamed since.
    restarted : bool
        Whether another kernel of this notebook has asked this page before: the kernel was
        restarted, and the page was not reloaded.
    persisted : bool or None
        Whether the browser promises to keep the site's storage; None if it does not say.
    tab : str
        Identity of the page, until it is reloaded; empty if it does not answer.
    title : str
        The page's title, as the browser shows it on the tab.
    """

    path: str | None = None
    name: str | None = None
    restarted: bool = False
    persisted: bool | None = None
    tab: str = ""
    title: str = ""


async def identify() -> Page:
    """Ask the page from within a cell; leave nothing in the cell's output."""
    # The start time names the worker: a page never starts two at once.
    kernel = str(started())
    script = _SCRIPT.replace("NEW_TAB", json.dumps(secrets.token_hex(8)))
    script = script.replace("PATIENCE", str(_PATIENCE)).replace("KERNEL", json.dumps(kernel))
    script = script.replace("SITE", json.dumps(site()))
    form = Form(HIDDEN, script)
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _answer(form)
    except TimeoutError:
        return Page()
    finally:
        form.close()


async def _answer(form: Form) -> Page:
    message: Any = await form.messages.get()
    # Every form's script sends "ready" when it has run.
    while message.type != "page":
        message = await form.messages.get()
    return Page(**json.loads(message.page))
