/**
 * The module that the site's `pyodideUrl` names: Pyodide, with the notebook's folder fixed.
 *
 * The kernel asks this module for `loadPyodide`, and mounts JupyterLite's drive a little later.
 * That is before any Python code runs, so every notebook of the site has the fixed folder.
 * docs/drive.md describes it.
 */

import { loadPyodide as load } from './pyodide.mjs';
import { mendMounts } from './drive/mount.mjs';

export * from './pyodide.mjs';

/** Load Pyodide, and replace the drive that is mounted on `/drive` afterwards. */
export async function loadPyodide(options) {
  const pyodide = await load(options);
  mendMounts(pyodide);
  return pyodide;
}
