/** Checkpoint Now…, Undo and Restore…. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { historyIcon, tagIcon, undoIcon } from '@jupyterlab/ui-components';

import type { IReport } from '../reports';
import type { INotebookState } from '../tokens';
import { download } from '../download';
import type { IPlace } from './adding';
import { addCommand } from './adding';
import type { ICheckpoints, IMadeCheckpoint } from './answers';
import { ask } from './dialogs';
import { element, inputElement } from './elements';
import { canAsk, canChange } from './enabled';
import { CommandIDs } from './ids';

/** Most characters of a label that the dialog takes. */
const LONGEST_LABEL = 80;

/** Add the commands that make checkpoints, and go back to them. */
export function addCheckpoints(place: IPlace): void {
  const { trans } = place;
  addCommand(place, {
    id: CommandIDs.checkpoint,
    label: trans.__('Checkpoint Now…'),
    caption: trans.__(
      'Store the present state under a name, to come back to it'
    ),
    icon: tagIcon,
    isEnabled: canChange,
    args: {
      label: {
        type: 'string',
        description: 'Label of the checkpoint; the user is asked by default'
      }
    },
    run: (state, { label }) => makeCheckpoint(state, label, trans)
  });
  addCommand(place, {
    id: CommandIDs.undo,
    label: trans.__('Undo to Previous Checkpoint'),
    caption: trans.__(
      'Bring variables, files and databases back to the checkpoint before'
    ),
    icon: undoIcon,
    isEnabled: canChange,
    run: state =>
      goBack(state, 'undo', {}, trans.__('Nothing was undone'), trans)
  });
  addCommand(place, {
    id: CommandIDs.restore,
    label: trans.__('Restore…'),
    caption: trans.__(
      'Choose the checkpoint that variables, files and databases go back to'
    ),
    icon: historyIcon,
    isEnabled: canAsk,
    args: {
      checkpoint: {
        type: 'number',
        description: 'Number of the checkpoint; the user is asked by default'
      }
    },
    run: (state, { checkpoint }) => restore(state, checkpoint, trans)
  });
}

async function makeCheckpoint(
  state: INotebookState,
  given: unknown,
  trans: TranslationBundle
): Promise<void> {
  const label = typeof given === 'string' ? given : await askLabel(trans);
  if (label === null) {
    return;
  }
  const { askKernel, notifyDone } = await import('./asking');
  const answer = await askKernel<IMadeCheckpoint>(
    state,
    {
      command: 'checkpoint',
      args: label ? { label } : {},
      doing: trans.__('Making a checkpoint…'),
      failed: trans.__('No checkpoint was made')
    },
    trans
  );
  if (answer) {
    const { report } = answer.result;
    notifyDone(report.headline, report, trans.__('Checkpoint'), trans);
  }
}

function askLabel(trans: TranslationBundle): Promise<string | null> {
  const { label, input } = inputElement(trans.__('Label (optional)'), {
    type: 'text',
    maxlength: String(LONGEST_LABEL),
    'aria-describedby': 'litestate-label-help'
  });
  return ask<string>(
    {
      title: trans.__('Checkpoint Now'),
      content: [
        label,
        element(
          'p',
          { id: 'litestate-label-help' },
          trans.__(
            'A checkpoint with a label is always kept. Old ones without a label are thinned out.'
          )
        )
      ],
      accept: trans.__('Make Checkpoint'),
      focus: 'input',
      value: () => input.value.trim()
    },
    trans
  );
}

async function restore(
  state: INotebookState,
  given: unknown,
  trans: TranslationBundle
): Promise<void> {
  const failed = trans.__('Nothing was restored');
  let checkpoint = typeof given === 'number' ? given : null;
  if (checkpoint === null) {
    const { askKernel } = await import('./asking');
    const { askWhichCheckpoint } = await import('./restore_dialog');
    const list = await askKernel<ICheckpoints>(
      state,
      { command: 'list', doing: trans.__('Reading the checkpoints…'), failed },
      trans
    );
    checkpoint = list && (await askWhichCheckpoint(state, list.result, trans));
  }
  if (checkpoint !== null) {
    await goBack(state, 'restore', { checkpoint }, failed, trans);
  }
}

async function goBack(
  state: INotebookState,
  command: string,
  args: Record<string, unknown>,
  failed: string,
  trans: TranslationBundle
): Promise<void> {
  const { askKernel, notifyDone } = await import('./asking');
  const answer = await askKernel<IReport>(
    state,
    { command, args, doing: trans.__('Restoring…'), failed },
    trans
  );
  if (answer) {
    const { file, name = '', result } = answer;
    if (file) {
      // There is no checkpoint of what was here before.
      download(file, name);
    }
    notifyDone(result.headline, result, trans.__('Restored'), trans);
  }
}
