/**
 * Stores what can be stored when the page is hidden or about to go, and lets the browser ask the
 * user only if something would be lost.
 */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import type { NotebookState } from './notebook';
import { INotebookStates } from './tokens';

/** Stores the state of all notebooks when the page is left. */
export const leaving: JupyterFrontEndPlugin<void> = {
  id: 'litestate:leaving',
  description: 'Stores the state of notebooks when the page is left.',
  autoStart: true,
  requires: [INotebookStates],
  activate: (_: JupyterFrontEnd, states: INotebookStates) => {
    const all = (): NotebookState[] => [
      ...(states.all as readonly NotebookState[])
    ];
    const storeNow = () => all().forEach(state => state.storeNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') {
        storeNow();
      }
    });
    window.addEventListener('pagehide', storeNow);
    window.addEventListener('beforeunload', event => {
      const isAtRisk = all().some(state => state.isAtRisk);
      storeNow();
      if (isAtRisk) {
        event.preventDefault();
      }
    });
  }
};
