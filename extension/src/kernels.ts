/** Which notebooks and consoles wait for the Pyodide kernel, and which ones for another kernel. */

import type { ISessionContext } from '@jupyterlab/apputils';

/** JupyterLite's name for the Pyodide kernel. */
export const PYODIDE_KERNEL = 'python';

/** Kernels of a site, as JupyterLab's kernel specs have them. */
export interface IKernels {
  default: string;
  kernelspecs: Record<string, unknown>;
}

/** What a session wants: kernels by name, or by language. */
export interface IPreference {
  name?: string;
  language?: string;
}

/**
 * Return whether a session waits for Pyodide. Other kernels start in other ways, and litestate is
 * not in them.
 *
 * @param name Name of the session's kernel, if it has one already.
 * @param preference Which kernel it asks for otherwise.
 * @param kernels The site's kernels, or null as long as the page does not know them.
 */
export function isForPyodide(
  name: string | undefined,
  preference: IPreference,
  kernels: IKernels | null
): boolean {
  if (kernels && !(PYODIDE_KERNEL in kernels.kernelspecs)) {
    return false;
  }
  const wanted = name || preference.name;
  if (wanted) {
    return wanted === PYODIDE_KERNEL;
  }
  if (preference.language) {
    return preference.language.toLowerCase() === 'python';
  }
  return !kernels || kernels.default === PYODIDE_KERNEL;
}

/** Milliseconds without a kernel, and without a question which one, until there will be none. */
const PATIENCE = 5_000;

/** Milliseconds between two checks. */
const INTERVAL = 500;

/**
 * Wait for the first kernel of a session.
 *
 * If the user chooses "No Kernel" when the notebook opens, JupyterLab says nothing, and waits
 * forever.
 *
 * @param isOver Returns whether the answer is of no use any more.
 * @returns Whether there is a kernel.
 */
export async function hasFirstKernel(
  session: ISessionContext,
  isOver: () => boolean
): Promise<boolean> {
  let waited = 0;
  while (!isOver() && !session.session?.kernel && waited < PATIENCE) {
    await new Promise(resolve => setTimeout(resolve, INTERVAL));
    const isAsked = document.querySelector('.jp-Dialog');
    waited = session.hasNoKernel && !isAsked ? waited + INTERVAL : 0;
  }
  return Boolean(session.session?.kernel);
}

/** Return whether a session has no kernel, and will not get one unless the user wants it. */
export function isWithoutKernel(session: ISessionContext): boolean {
  return session.hasNoKernel && session.kernelDisplayStatus === 'unknown';
}
