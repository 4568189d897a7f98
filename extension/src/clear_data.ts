/**
 * Makes JupyterLite's "Clear Browser Data" also clear what litestate stores: with the files and
 * notebooks goes all that is kept for them. JupyterLite has no place to register this, so the drive
 * does it whose files are cleared.
 */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, Notification, showErrorMessage } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import { IDefaultDrive } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Histories } from './histories';
import { clearLedgers } from './ledgers';
import { isLite, siteUrl } from './site';

/** Milliseconds until kernels have ended, and their files are released. */
const PATIENCE = 10_000;

/** Milliseconds between two looks at that. */
const INTERVAL = 100;

/** JupyterLite's drive. */
interface IClearable {
  clearStorage(): Promise<void>;
}

/** Clears the storage of litestate, and tells other tabs. */
class Cleaner {
  constructor(
    private readonly _services: JupyterFrontEnd['serviceManager'],
    private readonly _trans: TranslationBundle
  ) {
    this._site = siteUrl();
    this._histories = new Histories(this._site, navigator);
    this._tabs = new BroadcastChannel(`litestate clear ${this._site}`);
    this._tabs.onmessage = () => void this._stopHere();
  }

  /** End all kernels of the site: they write what is about to be cleared. */
  async stopKernels(): Promise<void> {
    this._tabs.postMessage('stop');
    await this._shutDown();
    const end = performance.now() + PATIENCE;
    while (performance.now() < end && (await this._histories.used()).length) {
      await new Promise(resolve => setTimeout(resolve, INTERVAL));
    }
  }

  /** Clear all that litestate has stored for this site, and say what cannot be cleared. */
  async clear(): Promise<void> {
    const { historyNames } = await import('./names');
    const work = [
      () => historyNames().clear(),
      () => clearLedgers(this._site, indexedDB),
      () => this._histories.removeAll(PATIENCE)
    ];
    const done = await Promise.allSettled(work.map(async each => each()));
    const failed = done.find(each => each.status === 'rejected');
    if (failed) {
      const used = await this._histories.used();
      await showErrorMessage(
        this._trans.__('Not all saved states could be cleared'),
        this._trans.__(
          'Close all other tabs of this site, then clear again. (%1)',
          [...used, String(failed.reason)].join(', ')
        )
      );
    }
  }

  /** Another tab is about to clear the storage. */
  private async _stopHere(): Promise<void> {
    await this._shutDown();
    Notification.warning(
      this._trans.__(
        'The data of this site was cleared in another tab. Kernels have ended; reload this page.'
      ),
      { autoClose: false }
    );
  }

  private async _shutDown(): Promise<void> {
    try {
      await this._services.sessions.shutdownAll();
      await this._services.kernels.shutdownAll();
    } catch (error) {
      // One that has just ended may still be listed.
      console.warn('litestate: a kernel did not end', error);
    }
  }

  private readonly _site: string;
  private readonly _histories: Histories;
  private readonly _tabs: BroadcastChannel;
}

/** Say in JupyterLite's dialog what else is cleared. */
function explain(dialog: Dialog<unknown>, trans: TranslationBundle): void {
  const body = dialog.node.querySelector('.jp-ClearData-dialog');
  if (body) {
    const note = document.createElement('p');
    note.className = 'jp-ClearData-reload-notice';
    note.textContent = trans.__(
      'With files and notebooks go their saved variables and checkpoints. Kernels end, in other tabs, too.'
    );
    body.after(note);
  }
}

function extend(
  drive: IClearable,
  { serviceManager }: JupyterFrontEnd,
  trans: TranslationBundle
): void {
  const cleaner = new Cleaner(serviceManager, trans);
  const clearStorage = drive.clearStorage.bind(drive);
  drive.clearStorage = async () => {
    await cleaner.stopKernels();
    await clearStorage();
    await cleaner.clear();
  };
  Dialog.tracker.widgetAdded.connect((_, dialog) => explain(dialog, trans));
}

/** Makes "Clear Browser Data" clear what litestate stores. */
export const clearData: JupyterFrontEndPlugin<void> = {
  id: 'litestate:clear-data',
  description: 'Clears saved states with the data of the browser.',
  autoStart: true,
  optional: [IDefaultDrive, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    drive: Contents.IDrive | null,
    translator: ITranslator | null
  ) => {
    const clearable = drive as (Contents.IDrive & Partial<IClearable>) | null;
    if (isLite() && clearable?.clearStorage) {
      const trans = (translator ?? nullTranslator).load('litestate');
      extend(clearable as IClearable, app, trans);
    }
  }
};
