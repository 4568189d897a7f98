/** Hand In…: one file with this notebook, what it wrote and read, and its state. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { shareIcon } from '@jupyterlab/ui-components';

import type { NotebookState } from '../notebook';
import { download } from '../download';
import type { IPlace } from './adding';
import { addCommand } from './adding';
import type { ISaved } from './answers';
import { canChange } from './enabled';
import { CommandIDs } from './ids';
import { handInName } from './texts';

/** Name of the file without a setting. */
const DEFAULT_NAME = '{notebook}-{date}';

/** Add the command that downloads a notebook and its state as one file to hand in. */
export function addHandIn(place: IPlace): void {
  const { trans, settings } = place;
  addCommand(place, {
    id: CommandIDs.handIn,
    label: trans.__('Hand In…'),
    caption: trans.__(
      'Download this notebook, its files and its state as one file to hand in'
    ),
    icon: shareIcon,
    // Another tab may be about to save the notebook differently.
    isEnabled: canChange,
    run: async state => {
      const { askKernel, notifyDone, showFailure, untilIdle } =
        await import('./asking');
      const { context } = state;
      const failed = trans.__('There is nothing to hand in yet');
      // The outputs of a running cell belong to the notebook.
      if (!(await untilIdle(state, trans))) {
        return;
      }
      try {
        await saveNotebook(state as NotebookState);
      } catch (error) {
        await showFailure(failed, error as Error, trans);
        return;
      }
      const template = await nameTemplate(settings);
      const { path } = context;
      const answer = await askKernel<ISaved>(
        state,
        {
          command: 'hand_in',
          args: { path, name: handInName(template, path) },
          doing: trans.__('Putting the file together…'),
          failed
        },
        trans
      );
      if (answer?.file) {
        const { file, name = '', result } = answer;
        download(file, name);
        const { report } = result;
        notifyDone(
          trans.__('Hand in this file: %1', name),
          report,
          trans.__('File to Hand In'),
          trans
        );
      }
    }
  });
}

/** Save the notebook, so that the file has what the user sees. */
async function saveNotebook({ context, saver }: NotebookState): Promise<void> {
  // Two saves at once would take each other for a change by someone else.
  while (saver.isSaving) {
    await new Promise<void>(resolve => {
      const next = () => {
        saver.changed.disconnect(next);
        resolve();
      };
      saver.changed.connect(next);
    });
  }
  if (context.model.dirty) {
    await context.save();
  }
}

/** Return the site's or the user's name of files to hand in. */
async function nameTemplate(
  settings: Promise<ISettingRegistry.ISettings | null>
): Promise<string> {
  const name = (await settings)?.get('handInName').composite;
  return typeof name === 'string' ? name : DEFAULT_NAME;
}
