/** The extension of litestate for JupyterLite: kernels load litestate, without a line in notebooks. */

import { PageConfig } from '@jupyterlab/coreutils';

import { nameKeeper } from './name-keeper';
import { redirectPage } from './pyodide';
import { outputShell } from './shell';
import { startNotice } from './start';

// Before any plugin activates: the kernel's plugin reads these settings once.
redirectPage(PageConfig, document.baseURI);

export default [outputShell, startNotice, nameKeeper];
