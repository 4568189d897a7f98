/** Save State…: one file with variables, files and databases, downloaded at once. */

import { downloadIcon } from '@jupyterlab/ui-components';

import { download } from '../download';
import type { IPlace } from './adding';
import { addCommand } from './adding';
import type { ISaved } from './answers';
import { canAsk } from './enabled';
import { CommandIDs } from './ids';

/** Add the command that downloads the state of a notebook as one file. */
export function addSave(place: IPlace): void {
  const { trans } = place;
  addCommand(place, {
    id: CommandIDs.save,
    label: trans.__('Save State…'),
    caption: trans.__(
      'Download variables, files and databases of this notebook as one file'
    ),
    icon: downloadIcon,
    isEnabled: canAsk,
    run: async state => {
      const { askKernel, notifyDone } = await import('./asking');
      const answer = await askKernel<ISaved>(
        state,
        {
          command: 'save',
          doing: trans.__('Saving the state…'),
          failed: trans.__('The state was not saved')
        },
        trans
      );
      if (answer?.file) {
        const { file, name = '', result } = answer;
        download(file, name);
        const { report } = result;
        notifyDone(report.headline, report, trans.__('Saved State'), trans);
      }
    }
  });
}
