/** Load State…, and bundles that are dropped on the page. */

import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { fileUploadIcon } from '@jupyterlab/ui-components';

import type { INotebookState } from '../tokens';
import type { IPlace } from './adding';
import { addCommand } from './adding';
import type { ILoaded, ILook } from './answers';
import { ACCEPTED } from './bundle_files';
import { DropTarget } from './drop';
import { canAsk } from './enabled';
import { choose } from './choose_file';
import { CommandIDs } from './ids';
import { notebookName } from './texts';

/** Milliseconds that the advice to open a notebook stays. */
const STAY = 10_000;

/** Add the command that loads a bundle, and take bundles that are dropped. */
export function addLoad(place: IPlace): void {
  const { states, trans } = place;
  addCommand(place, {
    id: CommandIDs.load,
    label: trans.__('Load State…'),
    caption: trans.__(
      'Bring variables, files and databases from a file into this notebook'
    ),
    icon: fileUploadIcon,
    isEnabled: canAsk,
    run: async state => {
      const file = await choose(ACCEPTED);
      if (file) {
        await load(state, file, trans);
      }
    }
  });
  const target = () => {
    const { current } = states;
    return current && canAsk(current) ? current : null;
  };
  new DropTarget({
    canLoad: () => target() !== null,
    hint: () => {
      const state = target();
      return state
        ? trans.__(
            'Drop a saved state (.litestate.zip) to load it into %1',
            notebookName(state.context.path)
          )
        : trans.__('Open a notebook to load a saved state into it');
    },
    dropped: file => {
      const state = target();
      if (state) {
        void load(state, file, trans);
      } else {
        Notification.info(
          trans.__(
            'Open a notebook, wait until Python has started, and drop the file again.'
          ),
          { autoClose: STAY }
        );
      }
    },
    refused: name => {
      Notification.info(
        trans.__(
          '%1 is no saved state of a notebook. To upload it, drop it on the list of files.',
          name
        ),
        { autoClose: STAY }
      );
    }
  });
}

/** Show what is in a bundle, and load it if the user agrees. */
async function load(
  state: INotebookState,
  file: File,
  trans: TranslationBundle
): Promise<void> {
  const { askKernel, notifyDone } = await import('./asking');
  const failed = trans.__('%1 was not loaded', file.name);
  const look = await askKernel<ILook>(
    state,
    {
      command: 'look',
      file,
      doing: trans.__('Reading %1…', file.name),
      failed
    },
    trans
  );
  if (!look) {
    return;
  }
  const { askAboutBundle } = await import('./load_dialog');
  const choice = await askAboutBundle(file.name, look.result, trans);
  if (!choice) {
    return;
  }
  const answer = await askKernel<ILoaded>(
    state,
    {
      command: 'load',
      args: { trust: choice.trust },
      file,
      doing: trans.__('Loading %1…', file.name),
      failed
    },
    trans
  );
  if (answer) {
    const { report } = answer.result;
    notifyDone(report.headline, report, trans.__('Loaded State'), trans);
  }
}
