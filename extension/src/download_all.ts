/** The command that downloads all files as one ZIP archive, without a kernel. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { IMainMenu } from '@jupyterlab/mainmenu';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

import type { IArchive, IProgress, IUnreadable } from './all_files';
import { download } from './download';
import { isLite, SiteFiles } from './site';
import { sizeText, timeInName } from './text';

/** Downloads all files. */
export const DOWNLOAD_ALL = 'litestate:download-all-files';

/** Place in the File menu: after JupyterLab's own "Download". */
const MENU_RANK = 6.1;

/** Milliseconds between two changes of the notification. */
const INTERVAL = 250;

/** Milliseconds for which a notification of success stays. */
const STAY = 12_000;

/** Milliseconds that saving the open documents may take; a dialog may wait for the user. */
const SAVING = 10_000;

/** Downloads all files, one time after the other. */
class Downloader {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _trans: TranslationBundle
  ) {
    const { baseUrl } = _app.serviceManager.serverSettings;
    this._site = SiteFiles.ofPage(baseUrl);
  }

  get isRunning(): boolean {
    return this._isRunning;
  }

  async run(): Promise<void> {
    this._setRunning(true);
    const trans = this._trans;
    const aborter = new AbortController();
    const cancel = {
      label: trans.__('Cancel'),
      callback: () => aborter.abort()
    };
    const id = Notification.emit(
      trans.__('Packing all files…'),
      'in-progress',
      {
        autoClose: false,
        progress: 0,
        actions: [cancel]
      }
    );
    try {
      const archive = await this._archive(id, aborter.signal);
      const name = `files ${timeInName(new Date())}.zip`;
      download(archive.blob, name);
      this._report(id, archive, name);
    } catch (error) {
      if (aborter.signal.aborted) {
        Notification.dismiss(id);
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      const message = trans.__('The files could not be packed: %1', reason);
      Notification.update({
        id,
        message,
        type: 'error',
        autoClose: false,
        progress: undefined,
        actions: []
      });
    } finally {
      this._setRunning(false);
    }
  }

  private async _archive(id: string, signal: AbortSignal): Promise<IArchive> {
    const { serviceManager } = this._app;
    const { archiveAll } = await import('./all_files');
    await this._saveAll();
    let shown = 0;
    const report = ({ done, files, part }: IProgress) => {
      if (performance.now() - shown < INTERVAL) {
        return;
      }
      shown = performance.now();
      Notification.update({
        id,
        message: this._trans.__('Packing all files: %1 of %2', done, files),
        progress: part
      });
    };
    const source = { contents: serviceManager.contents, site: this._site };
    return archiveAll(source, signal, report);
  }

  /** Save what was changed in open documents, as far as that needs no answer of the user. */
  private async _saveAll(): Promise<void> {
    const contexts = new Set(
      [...this._app.shell.widgets('main')].flatMap(widget => {
        const { context } = widget as Widget & Partial<IDocumentWidget>;
        // To save one that was not changed would hide later versions of the site's.
        return context?.model.dirty && !context.model.readOnly ? [context] : [];
      })
    );
    const saved = [...contexts].map(each => each.save().catch(console.warn));
    const late = new Promise(resolve => setTimeout(resolve, SAVING));
    await Promise.race([Promise.all(saved), late]);
  }

  private _report(id: string, archive: IArchive, name: string): void {
    const trans = this._trans;
    const { blob, files, unreadable } = archive;
    const sentences = [
      trans._n(
        'Downloaded %1 file (%2) as "%3".',
        'Downloaded %1 files (%2) as "%3".',
        files,
        sizeText(blob.size),
        name
      )
    ];
    if (unreadable.length) {
      sentences.push(
        trans._n(
          '%1 could not be read: %2',
          '%1 could not be read: %2, …',
          unreadable.length,
          unreadable[0].path
        )
      );
    }
    const details = {
      label: trans.__('Details'),
      callback: () => void this._showUnreadable(unreadable)
    };
    Notification.update({
      id,
      message: sentences.join(' '),
      type: unreadable.length ? 'warning' : 'success',
      autoClose: unreadable.length ? false : STAY,
      progress: undefined,
      actions: unreadable.length ? [details] : []
    });
  }

  private async _showUnreadable(
    unreadable: readonly IUnreadable[]
  ): Promise<void> {
    const trans = this._trans;
    const body = new Widget();
    body.addClass('litestate-report');
    const text = document.createElement('pre');
    text.tabIndex = 0;
    text.textContent = unreadable
      .map(({ path, reason }) => `${path}: ${reason}`)
      .join('\n');
    body.node.append(text);
    await showDialog({
      title: trans.__('Not in the downloaded archive'),
      body,
      buttons: [Dialog.okButton({ label: trans.__('Close') })]
    });
  }

  private _setRunning(isRunning: boolean): void {
    this._isRunning = isRunning;
    this._app.commands.notifyCommandChanged(DOWNLOAD_ALL);
  }

  private readonly _site: SiteFiles;
  private _isRunning = false;
}

/** Adds the command that downloads all files. */
export const downloadAll: JupyterFrontEndPlugin<void> = {
  id: 'litestate:download-all',
  description: 'Adds a command that downloads all files.',
  autoStart: true,
  optional: [ITranslator, ICommandPalette, IMainMenu],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    menu: IMainMenu | null
  ) => {
    if (!isLite()) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('litestate');
    const downloader = new Downloader(app, trans);
    app.commands.addCommand(DOWNLOAD_ALL, {
      label: trans.__('Download All Files'),
      caption: trans.__(
        'Download all files and folders as one ZIP archive; this needs no kernel'
      ),
      icon: args => (args['toolbar'] ? downloadIcon : undefined),
      describedBy: {
        args: {
          type: 'object',
          properties: { toolbar: { type: 'boolean' } }
        }
      },
      isEnabled: () => !downloader.isRunning,
      execute: () => downloader.run()
    });
    const command = DOWNLOAD_ALL;
    palette?.addItem({ command, category: trans.__('File Operations') });
    menu?.fileMenu.addItem({ command, rank: MENU_RANK });
  }
};
