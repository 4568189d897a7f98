/** The extension of litestate for JupyterLite: kernels load litestate, and every notebook is saved without a line in it. */

import { PageConfig } from '@jupyterlab/coreutils';

import { redirectPage } from './pyodide';
import { clearData } from './clear_data';
import { downloadAll } from './download_all';
import { cellExecutor } from './executor';
import { leaving } from './leave';
import { nameKeeper } from './name_keeper';
import { resetNotebook } from './reset_notebook';
import { restored } from './restored';
import { outputShell } from './shell';
import { startNotice } from './start';
import { notebookStates } from './states';
import { statusItem, toolbarStatus } from './status';

// Before any plugin activates: the kernel's plugin reads these settings once.
redirectPage(PageConfig, document.baseURI);

export default [
  outputShell,
  startNotice,
  nameKeeper,
  notebookStates,
  cellExecutor,
  restored,
  leaving,
  statusItem,
  toolbarStatus,
  downloadAll,
  resetNotebook,
  clearData
];
