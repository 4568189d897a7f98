"""Labextensions that load Pyodide through a module of their own, as litestate's does."""

from __future__ import annotations

import json
from pathlib import Path

# The least that JupyterLab takes for an extension, without a bundler.
_PAGE = """
const base = document.currentScript.src;
const KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel";

async function get() {
  const { PageConfig } = await sharedModule("@jupyterlab/coreutils");
  const settings = () => JSON.parse(PageConfig.getOption("litePluginSettings"));
  for (let tries = 0; !settings()[KERNEL]?.pyodideUrl?.includes(AFTER); tries++) {
    if (tries === 1_000) { throw new Error(`no ${AFTER} after 10 s`); }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const all = settings();
  const next = encodeURIComponent(new URL(all[KERNEL].pyodideUrl, document.baseURI).href);
  all[KERNEL].pyodideUrl = new URL(`chain.mjs?next=${next}`, base).href;
  PageConfig.setOption("litePluginSettings", JSON.stringify(all));
  return () => ({ __esModule: true, default: [] });
}

let shared;
async function sharedModule(name) {
  const versions = shared[name];
  return (await versions[Object.keys(versions)[0]].get())();
}

(window._JUPYTERLAB ??= {})[NAME] = { init: (scope) => { shared = scope; }, get };
"""

_MODULE = """
const next = new URL(import.meta.url).searchParams.get("next");
const module = await import(next);

export async function loadPyodide(options) {
  const indexURL = next.slice(0, next.lastIndexOf("/") + 1);
  const pyodide = await module.loadPyodide({ ...options, indexURL });
  (globalThis.chain ??= []).push(NAME);
  return pyodide;
}
"""


def add_extension(source: Path, name: str, *, after: str) -> None:
    """Add a labextension to the folder of a site's author.

    Parameters
    ----------
    source : Path
        The folder.
    name : str
        Name of the extension.
    after : str
        The extension waits until the kernel's address of Pyodide has this in it.
    """
    folder = source / "labextensions" / name
    (folder / "static").mkdir(parents=True)
    build = {"load": "static/remoteEntry.js", "extension": "./extension"}
    package = {"name": name, "version": "1.0.0", "jupyterlab": {"extension": True, "_build": build}}
    (folder / "package.json").write_text(json.dumps(package), encoding="utf-8")
    constants = f"const NAME = {json.dumps(name)};\nconst AFTER = {json.dumps(after)};\n"
    page = f"(() => {{\n{constants}{_PAGE}\n}})();\n"
    (folder / "static" / "remoteEntry.js").write_text(page, encoding="utf-8")
    (folder / "static" / "chain.mjs").write_text(constants + _MODULE, encoding="utf-8")
    config = {"FederatedExtensionAddon": {"extra_labextensions_path": ["labextensions"]}}
    (source / "jupyter_lite_config.json").write_text(json.dumps(config), encoding="utf-8")
