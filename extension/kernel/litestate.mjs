/**
 * The module that the site's `pyodideUrl` names: Pyodide, with the notebook's folder fixed.
 *
 * The kernel asks this module for `loadPyodide`, and mounts JupyterLite's drive a little later.
 * That is before any Python code runs, so every notebook of the site has the fixed folder.
 * docs/drive.md describes it.
 *
 * Where the browser cannot wait inside of a Python call, as it lacks JSPI, IPython loads an extension
 * that awaits litestate's functions. Its own configuration file says so, which it reads at its start.
 */

import { loadPyodide as load } from './pyodide.mjs';
import { mendMounts } from './drive/mount.mjs';

export * from './pyodide.mjs';

const EXTENSION = 'litestate.shell.awaited_calls';

/** Load Pyodide, and replace the drive that is mounted on `/drive` afterwards. */
export async function loadPyodide(options) {
  const canWait = 'Suspending' in WebAssembly;
  const packages = [...(options.packages ?? []), ...(canWait ? [] : ['litestate'])];
  const pyodide = await load({ ...options, packages });
  mendMounts(pyodide);
  if (!canWait) awaitCalls(pyodide);
  return pyodide;
}

/** Let IPython load `litestate.shell.awaited_calls`; it is installed, but not started yet. */
function awaitCalls({ FS }) {
  const folder = '/etc/ipython';
  const lines = ['c = get_config()', `c.InteractiveShellApp.extensions.append('${EXTENSION}')`];
  FS.mkdirTree(folder);
  FS.writeFile(`${folder}/ipython_config.py`, lines.join('\n'));
}
