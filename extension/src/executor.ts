/** Runs cells once the kernel is there and the last state is back. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { CodeCell } from '@jupyterlab/cells';
import { INotebookCellExecutor, runCell } from '@jupyterlab/notebook';
import { PromiseDelegate } from '@lumino/coreutils';

import type { NotebookState } from './notebook';
// Needed at once: cells may be run, and toolbars made, right after the start.
// eslint-disable-next-line jupyter/prefer-lazy-imports
import { stateOf } from './states';

/** Wait until a notebook has a kernel, or until the user has chosen that it has none. */
async function kernelOf(
  state: NotebookState,
  session: ISessionContext
): Promise<void> {
  const none = new PromiseDelegate<void>();
  const check = () => {
    if (state.isWithoutKernel) {
      none.resolve();
    }
  };
  session.statusChanged.connect(check);
  state.changed.connect(check);
  check();
  await Promise.race([session.ready, none.promise]);
  session.statusChanged.disconnect(check);
  state.changed.disconnect(check);
}

/**
 * Run a cell as JupyterLab does, but later, if its notebook is not ready.
 *
 * JupyterLab drops a cell that is run while its kernel starts, or asks for a kernel.
 */
async function runWhenReady(
  options: INotebookCellExecutor.IRunCellOptions
): Promise<boolean> {
  const { cell, sessionContext } = options;
  if (cell.model.type === 'code' && sessionContext) {
    const state = stateOf(sessionContext);
    if (state && !(sessionContext.isReady && state.isReady)) {
      (cell as CodeCell).setPrompt('*');
      await kernelOf(state, sessionContext);
      await state.ready;
    }
    if (cell.isDisposed) {
      return false;
    }
  }
  return runCell(options);
}

/**
 * Takes the place of JupyterLab's executor, which `package.json` disables.
 *
 * The notebooks' own plugin waits for it, so that it can require none that waits for notebooks.
 */
export const cellExecutor: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: 'litestate:cell-executor',
  description: 'Runs cells once the state of the notebook is back.',
  autoStart: true,
  provides: INotebookCellExecutor,
  activate: () => ({ runCell: runWhenReady })
};
