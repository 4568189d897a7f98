/**
 * The module that kernels load in place of Pyodide's own: Pyodide with litestate in it.
 *
 * The page's extension (src/pyodide.ts) gives the address of the real Pyodide as `?pyodide=…`. The
 * kernel asks this module for `loadPyodide`, and mounts JupyterLite's drive a little later. That is
 * before any Python code runs, so every notebook can import litestate, and has the fixed folder
 * that docs/drive.md describes.
 */

import { wheels } from './wheels.mjs';

const { searchParams } = new URL(import.meta.url);
const real = searchParams.get('pyodide');
if (!real) throw new Error(`${import.meta.url} names no Pyodide to load: "?pyodide=" is missing`);

// Both are requested at the same time.
const drive = import('./drive/mount.mjs').catch((error) => {
  warn(`the notebook's folder stays JupyterLite's own, in which SQLite does not work (${error})`);
});
const pyodideModule = await import(real);

/** The version of Pyodide, as its own module exports it. */
export const { version } = pyodideModule;

/** Load Pyodide with litestate's wheels, and replace the drive that is mounted afterwards. */
export async function loadPyodide(options = {}) {
  const requested = options.packages ?? [];
  const added = wheels
    .filter(({ name }) => !requested.includes(name))
    .map(({ file }) => new URL(`../pypi/${file}`, import.meta.url).href);
  const pyodide = await pyodideModule.loadPyodide({
    ...options,
    indexURL: pyodideFolder(options.indexURL),
    packages: [...requested, ...added],
  });
  const { loadedPackages } = pyodide;
  const missing = wheels.map(({ name }) => name).filter((name) => !(name in loadedPackages));
  if (missing.length) warn(`not loaded: ${missing.join(', ')}. Notebooks cannot use litestate.`);
  (await drive)?.mendMounts(pyodide, { isTemporary: searchParams.get('contents') === 'memory' });
  return pyodide;
}

/** The folder that Pyodide loads its files from. The kernel takes this module's own for it. */
function pyodideFolder(indexURL) {
  const own = new URL('.', import.meta.url).href;
  if (indexURL && new URL(indexURL, location.href).href !== own) return indexURL;
  return real.slice(0, real.lastIndexOf('/') + 1);
}

function warn(text) {
  console.warn(`litestate: ${text}`);
}
