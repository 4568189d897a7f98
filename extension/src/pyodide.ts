/**
 * The address from which kernels load Pyodide, changed to litestate's module.
 *
 * The Pyodide kernel reads its settings from the page's configuration when its plugin activates.
 * This module changes them earlier, when the page evaluates the extension's code. The module that
 * it names, `static/kernel/litestate.mjs`, loads the real Pyodide, whose address it is given.
 */

/** The plugin of the Pyodide kernel, by which its settings are named. */
export const KERNEL_PLUGIN = '@jupyterlite/pyodide-kernel-extension:kernel';

/** The plugin whose settings the addon of the build writes. */
export const LITESTATE_PLUGIN = 'litestate:kernel';

/** Path of the module in the labextension. */
const MODULE = 'litestate/static/kernel/litestate.mjs';

/** Settings of plugins, as `jupyter-lite.json` has them. */
export type PluginSettings = Record<
  string,
  Record<string, unknown> | undefined
>;

/** Addresses that the settings are resolved against. */
export interface IAddresses {
  /** Address of the page, for relative addresses in settings. */
  page: string;

  /** Address of the site's labextensions, which may be relative to the page. */
  labextensions: string;

  /** Whether the site has its files in memory; see `areFilesInMemory`. */
  areFilesInMemory?: boolean;
}

/** JupyterLite's name for storage in memory. */
const MEMORY = 'memoryStorageDriver';

/**
 * Return whether a site has notebooks and files in memory, so that a reload of the page loses them.
 *
 * The options are JupyterLite's: it uses the first of the drivers that the browser has.
 *
 * @param option Returns an option of the page's configuration, or an empty text.
 */
export function areFilesInMemory(option: (name: string) => string): boolean {
  const isMemoryEnabled: unknown = JSON.parse(
    option('enableMemoryStorage') || 'false'
  );
  const drivers: unknown = JSON.parse(
    option('contentsStorageDrivers') || 'null'
  );
  const first: unknown = Array.isArray(drivers) ? drivers[0] : drivers;
  return Boolean(isMemoryEnabled) && first === MEMORY;
}

/**
 * Return the settings with `pyodideUrl` changed to litestate's module.
 *
 * An address that another extension has set is kept as the one to load Pyodide from. Returns
 * undefined if there is nothing to change: the address is litestate's already; or none is known,
 * since the site was built without litestate's addon; or it is the classic script of older kernels,
 * which do not load modules.
 */
export function redirect(
  settings: PluginSettings,
  { page, labextensions, areFilesInMemory: isTemporary }: IAddresses
): PluginSettings | undefined {
  const kernel = settings[KERNEL_PLUGIN] ?? {};
  const address =
    kernel.pyodideUrl || settings[LITESTATE_PLUGIN]?.defaultPyodideUrl;
  if (typeof address !== 'string' || address.includes(MODULE)) {
    return undefined;
  }
  const real = new URL(address, page);
  if (real.pathname.endsWith('/pyodide.js')) {
    return undefined;
  }
  const root = labextensions.endsWith('/')
    ? labextensions
    : `${labextensions}/`;
  const module = new URL(MODULE, new URL(root, page));
  // The kernel takes all before the last "/" for Pyodide's folder, so none may follow "?".
  const encoded = encodeURIComponent(real.href);
  module.search = `?pyodide=${encoded}${isTemporary ? '&contents=memory' : ''}`;
  return {
    ...settings,
    [KERNEL_PLUGIN]: { ...kernel, pyodideUrl: module.href }
  };
}

/** The page's configuration, as `PageConfig` of JupyterLab. */
export interface IPageConfig {
  getOption(name: string): string;
  setOption(name: string, value: string): unknown;
}

/** Make every kernel of a page load Pyodide through litestate's module. */
export function redirectPage(config: IPageConfig, page: string): void {
  const text = config.getOption('litePluginSettings');
  // JupyterLab with a server has none.
  if (!text) {
    return;
  }
  const settings = redirect(JSON.parse(text) as PluginSettings, {
    page,
    labextensions: config.getOption('fullLabextensionsUrl'),
    areFilesInMemory: areFilesInMemory(name => config.getOption(name))
  });
  if (settings) {
    config.setOption('litePluginSettings', JSON.stringify(settings));
  }
}
