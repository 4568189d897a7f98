/**
 * Run a Python script in Pyodide under Node.js:
 * `node precompile.mjs RUNTIME ARCHIVES SCRIPT WORK INFO`.
 *
 * RUNTIME is a folder with Pyodide's own files. ARCHIVES is a folder that the script sees as
 * /archives; WORK is the script's, as /job; INFO is the `info` part of the runtime's `pyodide-lock.json`, as JSON.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [runtime, archives, script, work, info] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(join(runtime, 'pyodide.mjs')));
const pyodide = await loadPyodide({
  indexURL: runtime,
  lockFileContents: JSON.stringify({ info: JSON.parse(info), packages: {} }),
  // Then what is made depends on nothing but the sources.
  env: { HOME: '/home/pyodide', PYTHONHASHSEED: '0' },
});
pyodide.mountNodeFS('/archives', archives);
pyodide.mountNodeFS('/job', work);
pyodide.runPython(readFileSync(script, 'utf8'));
