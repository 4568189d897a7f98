/** The settings of the user, over those of the site (`overrides.json`), over the defaults. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** What a kernel does after a reload. */
export type Restore = 'always' | 'ask' | 'never';

/** The settings; `schema/front-end.json` describes them. */
export interface ISettings {
  /** Whether to make checkpoints after cells without being asked. */
  automatic: boolean;
  restore: Restore;

  /** Whether to save the notebook after each cell. */
  saveNotebook: boolean;

  /** Files that checkpoints leave out, in gitignore syntax. */
  exclude: string[];

  /** Which checkpoints are kept; see `Retention` in Python. */
  retention: { last: number; hours: number; days: number };
}

/** The plugin that the settings belong to. */
export const SETTINGS_PLUGIN = 'litestate:front-end';

/** The settings without a registry. */
export const DEFAULTS: Readonly<ISettings> = {
  automatic: true,
  restore: 'always',
  saveNotebook: true,
  exclude: [],
  retention: { last: 20, hours: 24, days: 30 }
};

/**
 * Return the settings, and keep them as they are in the registry.
 *
 * @param registry The page's registry, or null if it has none.
 */
export async function loadSettings(
  registry: ISettingRegistry | null
): Promise<ISettings> {
  const settings = { ...DEFAULTS };
  if (!registry) {
    return settings;
  }
  try {
    const loaded = await registry.load(SETTINGS_PLUGIN);
    const read = () => Object.assign(settings, loaded.composite);
    loaded.changed.connect(read);
    read();
  } catch (error) {
    console.warn(
      `litestate: the settings could not be read (${String(error)})`
    );
  }
  return settings;
}
