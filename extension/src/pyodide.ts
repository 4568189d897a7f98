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
}

/**
 * Return the settings with `pyodideUrl` changed to litestate's module.
 *
 * An address that another extension has set is kept as the one to load Pyodide from. Returns
 * undefined if there is nothing to change: the address is litestate's already, or none is known,
 * since the site was built without litestate's addon.
 */
export function redirect(
  settings: PluginSettings,
  { page, labextensions }: IAddresses
): PluginSettings | undefined {
  const kernel = settings[KERNEL_PLUGIN] ?? {};
  const address =
    kernel.pyodideUrl || settings[LITESTATE_PLUGIN]?.defaultPyodideUrl;
  if (typeof address !== 'string' || address.includes(MODULE)) {
    return undefined;
  }
  const root = labextensions.endsWith('/')
    ? labextensions
    : `${labextensions}/`;
  const module = new URL(MODULE, new URL(root, page));
  // The kernel takes all before the last "/" for Pyodide's folder, so none may follow "?".
  module.search = `?pyodide=${encodeURIComponent(new URL(address, page).href)}`;
  return {
    ...settings,
    [KERNEL_PLUGIN]: { ...kernel, pyodideUrl: module.href }
  };
}
