/** Adds commands to the page, and to its palette. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';

import type { INotebookState, INotebookStates } from '../tokens';
import type { IsEnabled } from './enabled';

/** What commands need of the page. */
export interface IPlace {
  readonly app: JupyterFrontEnd;
  readonly states: INotebookStates;
  readonly palette: ICommandPalette | null;
  readonly trans: TranslationBundle;

  /** The settings of the commands; null without a registry. */
  readonly settings: Promise<ISettingRegistry.ISettings | null>;
}

/** An argument of a command, as JSON schema has it. */
type Argument = {
  type: 'string' | 'number';
  description: string;
  enum?: string[];
};

/** A command for the notebook in front. */
export interface IStateCommand {
  readonly id: string;
  readonly label: string;
  readonly caption: string;
  readonly icon: LabIcon;
  readonly isEnabled: IsEnabled;
  readonly args?: Readonly<Record<string, Argument>>;
  run(
    state: INotebookState,
    args: Readonly<Record<string, unknown>>
  ): Promise<void>;
}

/** Add a command; it is enabled whenever it can work on the notebook in front. */
export function addCommand(place: IPlace, command: IStateCommand): void {
  const { app, states, palette, trans } = place;
  const { id, label, caption, icon } = command;
  const isEnabled = () =>
    states.current !== null && command.isEnabled(states.current);
  app.commands.addCommand(id, {
    label,
    caption,
    icon,
    isEnabled,
    describedBy: {
      args: { type: 'object', properties: { ...command.args } }
    },
    execute: async args => {
      const state = states.current;
      if (state && command.isEnabled(state)) {
        await command.run(state, args);
      }
    }
  });
  palette?.addItem({ command: id, category: trans.__('State') });
  whenever(states, isEnabled, () => app.commands.notifyCommandChanged(id));
}

/** Call a function whenever a condition on the notebook in front has changed. */
function whenever(
  states: INotebookStates,
  condition: () => boolean,
  changed: () => void
): void {
  let current: INotebookState | null = null;
  let was = condition();
  const check = () => {
    const is = condition();
    if (is !== was) {
      was = is;
      changed();
    }
  };
  const follow = () => {
    current?.changed.disconnect(check);
    current = states.current;
    current?.changed.connect(check);
    check();
  };
  states.currentChanged.connect(follow);
  follow();
}
