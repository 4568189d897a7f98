/**
 * The page's shell, for the scripts of litestate's outputs: they find the notebook that they are in.
 *
 * JupyterLab gives scripts no access to the application, except in sites that set
 * `exposeAppInBrowser`. Without it, all notebooks of a site would share one history.
 */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

declare global {
  // eslint-disable-next-line @typescript-eslint/naming-convention
  interface Window {
    /** Read by `litestate/browser/notebook.py`. */
    litestateShell?: JupyterFrontEnd.IShell;
  }
}

/** Gives the scripts of outputs the page's shell. */
export const outputShell: JupyterFrontEndPlugin<void> = {
  id: 'litestate:shell',
  description: 'Lets the outputs of litestate find their notebook.',
  autoStart: true,
  activate: ({ shell }: JupyterFrontEnd) => {
    window.litestateShell = shell;
  }
};
