/**
 * Tells the user that Python does not start, and what to do, because a missing kernel cannot.
 * Meanwhile, JupyterLab's own indicator says "Unknown" forever.
 */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { isForPyodide } from './kernels';

/** Milliseconds without a started kernel until the message appears; a start takes 10 to 30 s. */
const PATIENCE = 60_000;

/** Milliseconds between two checks. */
const INTERVAL = 2_000;

/** Milliseconds that saving the notebooks may take before the page is reloaded. */
const SAVING = 10_000;

const STARTED = new Set(['idle', 'busy']);
const STARTING = new Set([
  'unknown',
  'initializing',
  'connecting',
  'starting',
  'restarting'
]);

const RELOAD = 'litestate:save-and-reload';

/** Return the sessions of the page's notebooks and consoles that use Pyodide. */
function sessions({
  shell,
  serviceManager
}: JupyterFrontEnd): ISessionContext[] {
  const { specs } = serviceManager.kernelspecs;
  const found: ISessionContext[] = [];
  for (const widget of shell.widgets('main')) {
    const { sessionContext } = widget as { sessionContext?: ISessionContext };
    if (!sessionContext || sessionContext.isDisposed) {
      continue;
    }
    const { session, kernelPreference } = sessionContext;
    if (isForPyodide(session?.kernel?.name, kernelPreference, specs)) {
      found.push(sessionContext);
    }
  }
  return found;
}

/** Return whether to wait for a kernel; if a dialog asks for one, the user decides. */
function isStarting(context: ISessionContext): boolean {
  const isAsked =
    !context.session?.kernel && document.querySelector('.jp-Dialog');
  return (
    STARTING.has(context.kernelDisplayStatus) &&
    !context.hasNoKernel &&
    !isAsked
  );
}

/** Watches how long each session waits for its kernel. */
class StartWatch {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly trans: TranslationBundle
  ) {}

  /** Check all sessions; call it every `INTERVAL`. */
  check(): void {
    const now = performance.now();
    // A computer that slept has not waited.
    const passed = Math.min(now - this._checked, 2 * INTERVAL);
    this._checked = now;
    const present = sessions(this.app);
    for (const context of this._waited.keys()) {
      if (!present.includes(context)) {
        this._waited.delete(context);
      }
    }
    for (const context of present) {
      if (STARTED.has(context.kernelDisplayStatus)) {
        this._waited.delete(context);
      } else if (isStarting(context)) {
        this._waited.set(context, (this._waited.get(context) ?? 0) + passed);
      }
    }
    this._update(Math.max(0, ...this._waited.values()) >= PATIENCE);
  }

  private _update(isLate: boolean): void {
    if (isLate && !this._notice) {
      this._notice = this._notify();
    } else if (!this._waited.size && this._notice) {
      void this._dismiss(this._notice);
      this._notice = undefined;
    }
  }

  private _notify(): Promise<string> {
    // JupyterLab shows 140 characters of it.
    const message = this.trans.__(
      'Python has not started after 60 s. Wait if the connection is slow. Otherwise reload: what was stored before is kept.'
    );
    console.warn(`litestate: ${message}`);
    return this.app.commands.execute('apputils:notify', {
      message,
      type: 'warning',
      options: {
        autoClose: false,
        actions: [
          { label: this.trans.__('Save and reload'), commandId: RELOAD }
        ]
      }
    });
  }

  private async _dismiss(notice: Promise<string>): Promise<void> {
    await this.app.commands.execute('apputils:dismiss-notification', {
      id: await notice
    });
  }

  /** How long each session has waited (milliseconds). */
  private readonly _waited = new Map<ISessionContext, number>();
  private _checked = performance.now();
  private _notice: Promise<string> | undefined;
}

async function saveAndReload({ commands }: JupyterFrontEnd): Promise<void> {
  const late = new Promise(resolve => setTimeout(resolve, SAVING));
  const saved = commands.execute('docmanager:save-all').catch(console.warn);
  await Promise.race([saved, late]);
  location.reload();
}

/** Tells the user when a kernel does not start. */
export const startNotice: JupyterFrontEndPlugin<void> = {
  id: 'litestate:start',
  description: 'Tells the user when a kernel does not start.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    // With a server, JupyterLab can say itself what happened to a kernel.
    if (!PageConfig.getOption('litePluginSettings')) {
      return;
    }
    const trans = (translator ?? nullTranslator).load('litestate');
    app.commands.addCommand(RELOAD, {
      label: trans.__('Save and Reload the Page'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => saveAndReload(app)
    });
    const watch = new StartWatch(app, trans);
    setInterval(() => watch.check(), INTERVAL);
  }
};
