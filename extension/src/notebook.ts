/** The state of one open notebook: its kernel's start, and what is saved. */

import type { ISessionContext } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { IPush } from './channel';
import { KernelChannel } from './channel';
import { hasFirstKernel, isWithoutKernel, PYODIDE_KERNEL } from './kernels';
import type { IHistory } from './names';
import { AFTER_CELL, NotebookSaver } from './notebook_saver';
import type { IReport } from './reports';
import type { IKernelState, INewest } from './saving';
import { statusOf } from './saving';
import type { ISettings } from './settings';
import { SentCells } from './sent_cells';
import { requestStart } from './start_request';
import type { IAnswer, INotebookState, Status } from './tokens';

/** Milliseconds from the end of a cell until the kernel is asked how many cells have begun. */
const RECOUNT = 500;

const NO_KERNEL =
  'Python does not run, because it was shut down or because you chose no kernel. What was stored before is kept.';

const OTHER_KERNEL =
  'This kernel is not Python in the browser: its variables are not saved.';

const NO_LITESTATE =
  'This kernel could not load litestate. Reload the page to try again.';

/** Why a kernel was started. */
export type Cause = 'opened' | 'reloaded' | 'restarted';

/** The answer to the start request. */
export interface IStarted {
  readonly cause: Cause;

  /** Why autosave could not start, or an empty text. */
  readonly failure: string;

  /** What was restored. */
  readonly report: IReport | null;

  /** Whether this notebook has begun with the state of its original, or has one of its own. */
  readonly copied: boolean;

  /** The checkpoint that the user can have back, if nothing was restored. */
  readonly offer: INewest | null;
  readonly state: IKernelState;
}

/** Facts of the page that the start request tells the kernel. */
export interface IPage {
  /** Identity of the page until it is reloaded. */
  readonly tab: string;

  /** Whether this page was reloaded. */
  readonly isReloaded: boolean;

  /** Return the history of a notebook. */
  historyOf(path: string): IHistory;

  /** Whether the browser promises to keep what the site stores; null if it does not say. */
  readonly isPersisted: boolean | null;
}

/** The state of one open notebook. */
export class NotebookState implements INotebookState, IDisposable {
  /**
   * @param context The open document.
   * @param settings The user's settings.
   * @param page Facts of the page.
   */
  constructor(
    readonly context: DocumentRegistry.IContext<INotebookModel>,
    readonly settings: ISettings,
    private readonly _page: IPage
  ) {
    this.saver = new NotebookSaver(context);
    this.saver.changed.connect(() => this._update());
    const session = context.sessionContext;
    session.kernelChanged.connect(this._kernelChanged, this);
    session.statusChanged.connect(this._statusChanged, this);
    // It may be connected already, if the notebook was open before this extension was.
    this._follow(session.session?.kernel ?? null);
    void this._waitForKernel();
  }

  /** Saves the notebook itself. */
  readonly saver: NotebookSaver;

  /** Resolves when cells may run: what is to be restored is back. */
  get ready(): Promise<void> {
    return this._ready.promise;
  }

  /** Whether cells may run. */
  get isReady(): boolean {
    return !this._isStarting;
  }

  /** Whether there is no kernel, and will be none unless the user wants it. */
  get isWithoutKernel(): boolean {
    const { sessionContext } = this.context;
    return this._missing === NO_KERNEL || isWithoutKernel(sessionContext);
  }

  /** The history of this notebook, as of the start of its kernel. */
  get history(): IHistory | null {
    return this._history;
  }

  /** The last words of the kernel, or null before it has answered. */
  get kernel(): IKernelState | null {
    return this._kernelState;
  }

  get status(): Status {
    return this._status;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the kernel has answered the start request. */
  get started(): ISignal<this, IStarted> {
    return this._started;
  }

  /** Emitted when the kernel has a sentence for the user. */
  get noticed(): ISignal<this, string> {
    return this._noticed;
  }

  get isBusy(): boolean {
    return this.context.sessionContext.session?.kernel?.status === 'busy';
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether something would be lost if the page went now. */
  get isAtRisk(): boolean {
    const { kind } = this._status;
    const isIdle = ['off', 'readonly', 'restoring'].includes(kind);
    return (
      (!isIdle && this.isBusy) || ['unsaved', 'saving', 'failed'].includes(kind)
    );
  }

  ask<T>(
    command: string,
    args?: Record<string, unknown>,
    file?: Blob
  ): Promise<IAnswer<T>> {
    if (!this._channel || !this._kernelState) {
      return Promise.reject(
        new Error('Python has not started yet. Try again when it has.')
      );
    }
    return this._channel.ask<T>(command, args, file);
  }

  /** Let cells wait for something else; call it when the kernel has `started`. */
  waitFor(condition: Promise<unknown>): void {
    this._conditions.push(condition.catch(() => undefined));
  }

  /** Store now whatever can be stored; the page may be about to go. */
  storeNow(): void {
    void this.saver.save();
    if (this._kernelState?.active) {
      void this.ask('store').catch(() => undefined);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    this._unfollow('The notebook was closed.');
    this._ready.resolve();
    Signal.clearData(this);
  }

  private async _waitForKernel(): Promise<void> {
    const { sessionContext } = this.context;
    const isOver = () => this._isDisposed;
    if (!(await hasFirstKernel(sessionContext, isOver)) && !this._kernels) {
      this._missing = NO_KERNEL;
      this._update();
    }
  }

  private _kernelChanged(
    _: ISessionContext,
    { newValue }: { newValue: Kernel.IKernelConnection | null }
  ): void {
    // After a restart it is the same one, which has been asked already.
    if (newValue !== this._connection) {
      this._follow(newValue);
    }
  }

  private _statusChanged(session: ISessionContext, status: string): void {
    const isRestart = status === 'restarting' && !this._isRestarting;
    this._isRestarting =
      status === 'restarting' || (this._isRestarting && status === 'unknown');
    if (isRestart) {
      // The kernel takes requests only after all have heard of the restart.
      queueMicrotask(() => this._follow(session.session?.kernel ?? null));
    } else if (status === 'idle') {
      setTimeout(() => this._recount(), RECOUNT);
      this.saver.request(AFTER_CELL);
    }
    this._update();
  }

  private _follow(kernel: Kernel.IKernelConnection | null): void {
    if (this._isDisposed) {
      return;
    }
    this._unfollow('The kernel has ended.');
    if (!kernel || kernel.name !== PYODIDE_KERNEL) {
      this._missing = kernel ? OTHER_KERNEL : '';
      this.saver.isEnabled = !kernel && this.saver.isEnabled;
      this._isStarting = false;
      this._ready.resolve();
      this._update();
      return;
    }
    const { isReloaded } = this._page;
    const cause = this._kernels++
      ? 'restarted'
      : isReloaded
        ? 'reloaded'
        : 'opened';
    this._connection = kernel;
    this._sent = new SentCells(
      kernel,
      () => this._kernelState?.begun ?? 0,
      () => {
        this.saver.request(AFTER_CELL);
        this._update();
      }
    );
    void this._start(kernel, cause);
  }

  private _unfollow(reason: string): void {
    this._connection = null;
    this._sent?.dispose();
    this._sent = null;
    this._channel?.close(reason);
    this._channel = null;
    this._kernelState = null;
  }

  /** Ask a kernel to start autosave, before any cell of the user. */
  private async _start(
    kernel: Kernel.IKernelConnection,
    cause: Cause
  ): Promise<void> {
    const channel = (this._channel = new KernelChannel());
    channel.pushed.connect((_, push) => this._pushed(push));
    this._ready.resolve();
    this._ready = new PromiseDelegate<void>();
    this._isStarting = true;
    this._missing = '';
    this._update();
    const facts = this._facts(cause);
    const started = await requestStart<IStarted>(kernel, channel, facts);
    if (channel === this._channel) {
      this._begin(started);
    }
  }

  private _facts(cause: Cause): Record<string, unknown> {
    const { path } = this.context;
    const { automatic, restore, exclude, retention } = this.settings;
    const { name, copyOf, deletedAt } = (this._history =
      this._page.historyOf(path));
    return {
      path,
      name,
      // The state of a deleted notebook is offered, and not restored unasked.
      original: deletedAt === undefined ? (copyOf ?? null) : null,
      cause,
      tab: this._page.tab,
      title: document.title,
      persisted: this._page.isPersisted,
      automatic,
      restore: restore === 'always',
      exclude,
      retention
    };
  }

  private _begin(started: IStarted | null): void {
    if (started && this._sent) {
      this._kernelState = started.state;
      // What was sent meanwhile runs after what has begun.
      this._sent.count += started.state.begun;
    } else {
      this._missing = NO_LITESTATE;
    }
    this._enableSaver();
    this._update();
    if (started) {
      this._started.emit(started);
    }
    // Whoever heard of the start may have something that cells wait for.
    void Promise.all(this._conditions.splice(0)).then(() => {
      this._isStarting = false;
      this._ready.resolve();
      this._update();
    });
  }

  private _pushed({ type, content }: IPush): void {
    if (type === 'state') {
      this._kernelState = content as IKernelState;
      this._enableSaver();
      this._update();
    } else if (type === 'notice') {
      this._noticed.emit(content as string);
    }
  }

  private _enableSaver(): void {
    const state = this._kernelState;
    const isOther = Boolean(state?.active) && state?.writable === false;
    this.saver.isOther = isOther;
    this.saver.isEnabled =
      Boolean(state?.active) && !isOther && this.settings.saveNotebook;
  }

  /** Forget cells that were sent and will not run, as an earlier one has failed. */
  private _recount(): void {
    const channel = this._channel;
    const sent = this._sent;
    const isIdle = !this._isDisposed && !this.isBusy && !this._isStarting;
    if (!channel || !sent || !isIdle) {
      return;
    }
    const { count } = sent;
    if (count <= (this._kernelState?.begun ?? 0)) {
      return;
    }
    channel.ask<IKernelState>('state').then(
      ({ result }) => {
        if (count === sent.count && channel === this._channel && !this.isBusy) {
          sent.count = result.begun;
          this._kernelState = result;
          this._enableSaver();
          this._update();
        }
      },
      () => undefined
    );
  }

  private _update(): void {
    if (this._isDisposed) {
      return;
    }
    const status = statusOf({
      missing: this.isWithoutKernel ? NO_KERNEL : this._missing,
      isStarting: this._isStarting,
      kernel: this._kernelState,
      sent: this._sent?.count ?? 0,
      isDirty: this.saver.isDirty,
      isSaving: this.saver.isSaving,
      failure: this.saver.failure,
      savedAt: this.saver.savedAt
    });
    if (JSON.stringify(status) !== JSON.stringify(this._status)) {
      this._status = status;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _started = new Signal<this, IStarted>(this);
  private readonly _noticed = new Signal<this, string>(this);
  private _status: Status = { kind: 'off', reason: '' };
  private _connection: Kernel.IKernelConnection | null = null;
  private _channel: KernelChannel | null = null;
  private _kernelState: IKernelState | null = null;
  private _ready = new PromiseDelegate<void>();
  private _history: IHistory | null = null;
  private _conditions: Promise<unknown>[] = [];
  private _isStarting = false;
  private _isDisposed = false;
  private _isRestarting = false;
  private _missing = '';
  private _kernels = 0;
  private _sent: SentCells | null = null;
}
