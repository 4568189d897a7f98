/** The commands that ask a notebook's kernel, in palette, File menu and toolbar. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { INotebookStates } from '../tokens';
// Commands are there when the page starts; each loads what it does when it is first used.
/* eslint-disable jupyter/prefer-lazy-imports */
import { addCheckpoints } from './checkpoints';
import { addClearing } from './clear';
import { addExport } from './export_tables';
import { addHandIn } from './hand_in';
import { addLoad } from './load_state';
import { addSave } from './save_state';
/* eslint-enable jupyter/prefer-lazy-imports */

/** Name of the plugin; `schema/commands.json` has its menus, shortcuts and settings. */
const ID = 'litestate:commands';

/** Adds the commands. */
export const stateCommands: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Saves, loads, restores and hands in the state of a notebook.',
  autoStart: true,
  requires: [INotebookStates],
  optional: [ICommandPalette, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    states: INotebookStates,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('litestate');
    const settings = registry
      ? registry.load(ID).catch(() => null)
      : Promise.resolve(null);
    const place = { app, states, palette, trans, settings };
    addSave(place);
    addLoad(place);
    addHandIn(place);
    addCheckpoints(place);
    addExport(place);
    addClearing(place);
  }
};
