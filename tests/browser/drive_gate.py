"""Hold back what the page stores, and let the page act at one point of a cell."""

from __future__ import annotations

import textwrap
from typing import Any

from lab import CELL_TIMEOUT, Lab, Output
from playwright.sync_api import BrowserContext, Route

SIGNAL = "signal.txt"
"""The page makes this file when it has done what it had to do in the middle of a cell."""

PATIENCE = 3
"""Seconds that the page has to store something, instead of eight."""

RETRY = 2
"""Seconds until what failed is tried again, instead of ten."""

_GATE = """
() => {
  if (window.gate) return;
  const contents = window.jupyterapp.serviceManager.contents;
  const save = contents.save.bind(contents);
  const remove = contents.delete.bind(contents);
  let open;
  let opened;
  window.gate = {
    names: [],
    asked: [],
    seen: [],
    hold(names) {
      this.release();
      Object.assign(this, { names, asked: [], seen: [] });
      opened = new Promise((resolve) => { open = resolve; });
    },
    release() {
      this.names = [];
      open?.();
    },
    async look() {
      const { content } = await contents.get("", { content: true });
      this.seen.push(content.map(({ name }) => name).sort());
    },
  };
  contents.save = async (path, model) => {
    const { gate } = window;
    gate.asked.push(path);
    if (gate.names.some((name) => path.endsWith(name))) await opened;
    const saved = await save(path, model);
    await gate.look();
    return saved;
  };
  contents.delete = async (path) => {
    await remove(path);
    await window.gate.look();
  };
}
"""

_DURING = """
async ([code, actions, signal, timeout]) => {
  const { contents } = window.jupyterapp.serviceManager;
  const outputs = [];
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("the cell did not end")), timeout);
  });
  let reached;
  const there = new Promise((resolve) => { reached = resolve; });
  const kernel = window.panel.sessionContext.session.kernel;
  const future = kernel.requestExecute({ code, stop_on_error: false });
  future.onIOPub = (message) => {
    outputs.push({ type: message.header.msg_type, ...message.content });
    if (message.content.text?.includes("now")) reached();
  };
  void future.done.then(reached);
  await Promise.race([there, late]);
  for (const [method, ...given] of actions) await contents[method](...given);
  await contents.save(signal, { type: "file", format: "text", content: "" });
  await Promise.race([future.done, late]);
  await contents.delete(signal);
  return outputs;
}
"""

START = f"""
import asyncio, os, shutil, sqlite3, sys, time
import pyodide_js
from pathlib import Path
from pyodide.code import run_js

def mend():
    return pyodide_js.FS.lookupPath("/drive").node.mount.type.litestate

def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

def page_acts():
    # Asked as JupyterLite's own drive asks, past all that the mended one believes.
    api = pyodide_js.FS.lookupPath("/drive").node.mount.type.API
    print("now", flush=True)
    end = time.perf_counter() + 20
    while not api.lookup("/drive/{SIGNAL}").ok:
        assert time.perf_counter() < end, "the page did not act"

def failure(action, *given):
    start = time.perf_counter()
    try:
        action(*given)
    except Exception as error:
        told = type(error).__name__
    else:
        told = ""
    took = time.perf_counter() - start
    return told if took < 10 else f"{{told}} after {{took}} s"
"""
"""The first lines of the cells of these tests."""


def be_impatient(context: BrowserContext) -> None:
    """Shorten the time limits of the site's drive."""

    def sooner(name: str, before: str, after: str) -> None:
        def answer(route: Route) -> None:
            given = route.fetch()
            text = given.text()
            assert before in text
            route.fulfill(response=given, body=text.replace(before, after))

        context.route(f"**/drive/{name}", answer)

    sooner("queue.mjs", "const PATIENCE = 8_000;", f"const PATIENCE = {PATIENCE}_000;")
    sooner("writeback.mjs", "const RETRY = 10_000;", f"const RETRY = {RETRY}_000;")
    sooner("remote.mjs", "const REST = 10_000;", f"const REST = {RETRY}_000;")


def put_gate(lab: Lab) -> None:
    """Make the page's storing controllable, and record its names after each change."""
    lab.page.evaluate(_GATE)


def hold(lab: Lab, *names: str) -> None:
    """Hold back storing of paths with this ending."""
    lab.page.evaluate("(names) => window.gate.hold(names)", list(names))


def release(lab: Lab) -> None:
    """Store what was held back, and everything from now on."""
    lab.page.evaluate("() => window.gate.release()")


def asked(lab: Lab, name: str) -> int:
    """Return how often the page was asked to store a file since `hold`."""
    return int(
        lab.page.evaluate("(name) => gate.asked.filter((p) => p.endsWith(name)).length", name)
    )


def seen(lab: Lab) -> list[list[str]]:
    """Return the names in the drive's own folder, after each change since `hold`."""
    names: list[list[str]] = lab.page.evaluate("() => window.gate.seen")
    return names


def during(lab: Lab, code: str, *actions: list[Any]) -> str:
    """Run a cell, and let the page do something when it says ``now`` (in ``page_acts()``)."""
    given = [textwrap.dedent(code), list(actions), SIGNAL, CELL_TIMEOUT]
    output = Output(lab.page.evaluate(_DURING, given))
    assert not output.error, output.error
    return output.text
