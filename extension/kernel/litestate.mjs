/**
 * The module that kernels load in place of Pyodide's own: Pyodide with litestate in it.
 *
 * The page's extension (src/pyodide.ts) gives the address of the real Pyodide as `?pyodide=…`. The
 * kernel asks this module for `loadPyodide`, and mounts JupyterLite's drive a little later. That is
 * before any Python code runs, so every notebook can import litestate, and has the fixed folder
 * that docs/drive.md describes.
 *
 * IPython loads an extension that serves the requests of the page. Where the browser cannot wait
 * inside of a Python call, as it lacks JSPI, another one awaits litestate's functions. IPython's own
 * configuration file says so, which it reads at its start.
 *
 * Only the real Pyodide is needed for a kernel. Whatever else cannot be fetched is left out, with
 * one warning.
 */

const { searchParams } = new URL(import.meta.url);
const real = searchParams.get('pyodide');
if (!real) throw new Error(`${import.meta.url} names no Pyodide to load: "?pyodide=" is missing`);

/** The extension of IPython that serves the page. */
const PAGE = 'litestate.api.page_requests';

/** The extension of IPython for browsers without JSPI. */
const NO_JSPI = 'litestate.shell.awaited_calls';

const UNUSABLE = 'notebooks of this kernel cannot import litestate; reload the page to try again';

// All are requested at the same time.
const drive = import('./drive/mount.mjs').catch((error) => {
  warn(`the notebook's folder stays JupyterLite's own, in which SQLite does not work (${error})`);
});
const listed = import('./wheels.mjs').catch((error) => {
  warn(`${UNUSABLE} (${error})`);
  return { wheels: [] };
});
const pyodideModule = await import(real);

/** The version of Pyodide, as its own module exports it. */
export const { version } = pyodideModule;

/** Load Pyodide with litestate's wheels, and replace the drive that is mounted afterwards. */
export async function loadPyodide(options = {}) {
  const requested = [options.packages ?? []].flat();
  const names = new Set(requested.map(packageName));
  const added = (await listed).wheels.filter(({ name }) => !names.has(name));
  const failures = new Failures(added, options.stderr);
  const pyodide = await pyodideModule.loadPyodide({
    ...options,
    indexURL: pyodideFolder(options.indexURL),
    // Ours come first: if a requested package depends on one of them, Pyodide takes it without
    // complaint.
    packages: [...added.map(address), ...requested],
    ...(options.stderr && { stderr: failures.read }),
  });
  failures.report(pyodide.loadedPackages);
  (await drive)?.mendMounts(pyodide, { isTemporary: searchParams.get('contents') === 'memory' });
  if ('litestate' in pyodide.loadedPackages) {
    const canWait = 'Suspending' in WebAssembly;
    configure(pyodide, canWait ? [PAGE] : [PAGE, NO_JSPI]);
  }
  return pyodide;
}

/** Let IPython load extensions; it is installed, but not started yet. */
function configure({ FS }, extensions) {
  const folder = '/etc/ipython';
  const names = JSON.stringify(extensions);
  const lines = ['c = get_config()', `c.InteractiveShellApp.extensions.extend(${names})`];
  FS.mkdirTree(folder);
  FS.writeFile(`${folder}/ipython_config.py`, lines.join('\n'));
}

/** Pyodide's messages about litestate's wheels, for one warning in their place. */
class Failures {
  /**
   * @param {{ name: string }[]} wheels
   * @param {(line: string) => void} [stderr] Gets all other messages.
   */
  constructor(wheels, stderr) {
    this.names = wheels.map(({ name }) => name);
    this.stderr = stderr;
    /** Why each package could not be loaded. */
    this.reasons = new Map();
    this.isLoading = true;
  }

  /** Take a line of Pyodide's; a failure has two of them: which package it is, and the reason. */
  read = (line) => {
    if (this.isLoading && this.failed) {
      this.reasons.set(this.failed, line);
      this.failed = undefined;
      return;
    }
    const [, name] = /^The following error occurred while loading (.+):$/.exec(line) ?? [];
    if (this.isLoading && this.names.includes(name)) this.failed = name;
    else this.stderr(line);
  };

  /** Warn about wheels that Pyodide has not loaded. */
  report(loaded) {
    this.isLoading = false;
    const missing = this.names.filter((name) => !(name in loaded));
    if (!missing.length) return;
    const reasons = new Set(missing.map((name) => this.reasons.get(name)).filter(Boolean));
    const why = reasons.size ? `: ${[...reasons].join(', ')}` : '';
    warn(`${UNUSABLE} (not loaded: ${missing.join(', ')}${why})`);
  }
}

/** The name of a package that Pyodide is asked for by its name or by the address of its wheel. */
function packageName(requested) {
  const file = requested.split(/[?#]/)[0].split('/').at(-1);
  const name = file.endsWith('.whl') ? file.split('-')[0] : file;
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** The address of a wheel of the labextension. */
function address({ file }) {
  return new URL(`../pypi/${file}`, import.meta.url).href;
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
