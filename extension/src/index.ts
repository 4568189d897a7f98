/** The extension of litestate for JupyterLite: kernels load litestate, without a line in notebooks. */

import { PageConfig } from '@jupyterlab/coreutils';

import { areFilesInMemory, PluginSettings, redirect } from './pyodide';
import { startNotice } from './start';

/** Make every kernel of this page load Pyodide through litestate's module. */
function redirectPyodide(): void {
  const text = PageConfig.getOption('litePluginSettings');
  // JupyterLab with a server has none.
  if (!text) {
    return;
  }
  const settings = redirect(JSON.parse(text) as PluginSettings, {
    page: document.baseURI,
    labextensions: PageConfig.getOption('fullLabextensionsUrl'),
    areFilesInMemory: areFilesInMemory(name => PageConfig.getOption(name))
  });
  if (settings) {
    PageConfig.setOption('litePluginSettings', JSON.stringify(settings));
  }
}

// Before any plugin activates: the kernel's plugin reads these settings once.
redirectPyodide();

export default [startNotice];
