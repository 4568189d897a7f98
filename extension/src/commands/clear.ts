/** Clear State… and Forget History…: commands that take away. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { cleaningIcon, deleteIcon } from '@jupyterlab/ui-components';

import type { IReport } from '../reports';
import type { INotebookState } from '../tokens';
import { download } from '../download';
import { sizeText } from '../text';
import type { IPlace } from './adding';
import { addCommand } from './adding';
import type { ICheckpoints, IForgotten } from './answers';
import { ask } from './dialogs';
import { element, nameElement } from './elements';
import { canAsk, canChange } from './enabled';
import { CommandIDs } from './ids';
import { notebookName } from './texts';

/** Add the commands that clear the state of a notebook, or its history. */
export function addClearing(place: IPlace): void {
  const { trans } = place;
  addCommand(place, {
    id: CommandIDs.clear,
    label: trans.__('Clear State…'),
    caption: trans.__(
      'Remove the variables, files and databases that this notebook has made'
    ),
    icon: cleaningIcon,
    isEnabled: canAsk,
    run: state => clearState(state, trans)
  });
  addCommand(place, {
    id: CommandIDs.forget,
    label: trans.__('Forget History…'),
    caption: trans.__('Remove all checkpoints of this notebook for good'),
    icon: deleteIcon,
    isEnabled: canChange,
    run: state => forgetHistory(state, trans)
  });
}

async function clearState(
  state: INotebookState,
  trans: TranslationBundle
): Promise<void> {
  const isCleared = await ask(
    {
      title: trans.__('Clear State'),
      content: [
        element(
          'p',
          {},
          trans.__(
            'All variables are deleted, and the files and databases that this notebook has made. Its cells and outputs stay.'
          )
        ),
        element(
          'p',
          {},
          canKeep(state)
            ? trans.__(
                'The present state becomes a checkpoint first: Undo brings it back.'
              )
            : trans.__(
                'There is no checkpoint of the present state: it is downloaded as a file first, and Load State brings it back.'
              )
        )
      ],
      accept: trans.__('Clear'),
      isDangerous: true,
      value: () => true
    },
    trans
  );
  if (!isCleared) {
    return;
  }
  const { askKernel, notifyDone } = await import('./asking');
  const answer = await askKernel<IReport>(
    state,
    {
      command: 'clear',
      doing: trans.__('Clearing the state…'),
      failed: trans.__('The state was not cleared')
    },
    trans
  );
  if (answer) {
    const { file, name = '', result } = answer;
    if (file) {
      download(file, name);
    }
    notifyDone(result.headline, result, trans.__('Cleared State'), trans);
  }
}

async function forgetHistory(
  state: INotebookState,
  trans: TranslationBundle
): Promise<void> {
  const { askKernel, notifyDone } = await import('./asking');
  const failed = trans.__('The history was not forgotten');
  const list = await askKernel<ICheckpoints>(
    state,
    { command: 'list', doing: trans.__('Reading the checkpoints…'), failed },
    trans
  );
  if (!list) {
    return;
  }
  const { count, size } = list.result;
  const isForgotten = await ask(
    {
      title: trans.__('Forget History'),
      content: [
        element(
          'p',
          {},
          nameElement(notebookName(state.context.path)),
          ': ',
          trans._n(
            '%1 checkpoint (%2) is deleted for good.',
            '%1 checkpoints (%2) are deleted for good.',
            count,
            sizeText(size)
          )
        ),
        element(
          'p',
          {},
          trans.__(
            'Undo and Restore cannot go back any more. The present variables, files and databases stay.'
          )
        ),
        element(
          'p',
          {},
          element('strong', {}, trans.__('This cannot be undone.'))
        )
      ],
      accept: trans.__('Forget'),
      isDangerous: true,
      value: () => true
    },
    trans
  );
  if (!isForgotten) {
    return;
  }
  const answer = await askKernel<IForgotten>(
    state,
    { command: 'forget', doing: trans.__('Forgetting the history…'), failed },
    trans
  );
  if (answer) {
    const { report } = answer.result;
    notifyDone(report.headline, report, trans.__('Forgotten History'), trans);
  }
}

/** Return whether the present state becomes a checkpoint before a change. */
function canKeep({ status }: INotebookState): boolean {
  return status.kind !== 'readonly' && status.kind !== 'off';
}
