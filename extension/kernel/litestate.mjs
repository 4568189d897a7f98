/**
 * The module that the site's `pyodideUrl` names: Pyodide, with the notebook's folder mended.
 *
 * The kernel asks this module for `loadPyodide`, and mounts JupyterLite's drive a little later.
 * That is before anything of Python runs, so every notebook of the site has the mended folder.
 * What it does is told in docs/drive.md.
 */

import { loadPyodide as load } from './pyodide.mjs';
import { mendMounts } from './drive/mount.mjs';

export * from './pyodide.mjs';

/** Load Pyodide; whatever is mounted on `/drive` afterwards is mended. */
export async function loadPyodide(options) {
  const pyodide = await load(options);
  mendMounts(pyodide);
  return pyodide;
}
