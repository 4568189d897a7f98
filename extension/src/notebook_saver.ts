/**
 * Saves a notebook soon after each change, so that it is as new as the variables.
 *
 * JupyterLab itself saves every two minutes; what was run in between would be lost with the page.
 */

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

/** Milliseconds from the start or the end of a cell to saving. */
export const AFTER_CELL = 20;

/** Milliseconds from a change of the text or of the outputs to saving. */
export const AFTER_CHANGE = 2_000;

/** Saving may take at most one part in this many of the page's time. */
const SHARE = 10;

interface IMetadataChange {
  readonly key: string;
  readonly oldValue?: unknown;
  readonly newValue?: unknown;
}

/** Return whether JupyterLab sets metadata as a kernel starts, and not as the user chooses one. */
function isOfKernel({ key, oldValue, newValue }: IMetadataChange): boolean {
  const [before, after] = [oldValue, newValue] as ({ name?: string } | null)[];
  return (
    key === 'language_info' ||
    (key === 'kernelspec' && (!before || before.name === after?.name))
  );
}

/** Saves one notebook, one save at a time. */
export class NotebookSaver {
  constructor(
    private readonly _context: DocumentRegistry.IContext<INotebookModel>
  ) {
    _context.saveState.connect((_, state) => {
      this._isSaving = state === 'started';
      if (state === 'completed') {
        this.savedAt = Date.now();
      }
      this._changed.emit();
    });
    const { model } = _context;
    this._isTouched = model.dirty;
    // Emitted just before `contentChanged`.
    model.metadataChanged.connect((_, change) => {
      this._isOfKernel = isOfKernel(change);
    });
    model.contentChanged.connect(() => this._contentChanged());
    model.stateChanged.connect((_, { name }) => {
      if (name === 'dirty') {
        this._changed.emit();
      }
    });
  }

  /** Whether it saves; a tab that only reads does not. */
  get isEnabled(): boolean {
    return this._isEnabled;
  }

  set isEnabled(isEnabled: boolean) {
    const isNew = isEnabled && !this._isEnabled;
    this._isEnabled = isEnabled;
    if (isNew && this.isDirty) {
      this.request(AFTER_CHANGE);
    }
  }

  /** Whether another tab saves the notebook: then this one must not, JupyterLab included. */
  set isOther(isOther: boolean) {
    if (isOther) {
      // JupyterLab saves what can be saved every two minutes, and both tabs would ask the user
      // which of them is right. There is no setter.
      Object.defineProperty(this._context, 'canSave', {
        value: false,
        configurable: true
      });
    } else {
      Reflect.deleteProperty(this._context, 'canSave');
    }
  }

  /** When the notebook was saved (milliseconds since 1970); 0 before. */
  savedAt = 0;

  /** Why it could not be saved, or an empty text. */
  failure = '';

  /** Emitted when it begins or ends to save, or when there is something to save. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isSaving(): boolean {
    return this._isSaving;
  }

  get isDirty(): boolean {
    return this._context.model.dirty;
  }

  /** Note a change, unless it is only the kernel's name: opening a notebook must not change it. */
  private _contentChanged(): void {
    const isOfKernel = this._isOfKernel;
    this._isOfKernel = false;
    if (!isOfKernel) {
      this._isTouched = true;
      this.request(AFTER_CHANGE);
    } else if (!this._isTouched) {
      queueMicrotask(() => {
        if (!this._isTouched && !this._context.isDisposed) {
          this._context.model.dirty = false;
        }
      });
    }
  }

  /** Save the notebook in a number of milliseconds, or earlier. */
  request(delay: number): void {
    if (!this.isEnabled || this._context.isDisposed) {
      return;
    }
    const pause = SHARE * this._took - (performance.now() - this._endedAt);
    const due = performance.now() + Math.max(delay, pause);
    if (due >= this._due) {
      return;
    }
    clearTimeout(this._timer);
    this._due = due;
    this._timer = window.setTimeout(
      () => void this.save(),
      due - performance.now()
    );
  }

  /** Save the notebook now if it has changed. */
  async save(): Promise<void> {
    clearTimeout(this._timer);
    this._due = Infinity;
    const context = this._context;
    if (!this.isEnabled || context.isDisposed || !context.isReady) {
      return;
    }
    if (this._isSaving) {
      // Two saves at once would take each other for a change by someone else.
      this.request(AFTER_CELL);
      return;
    }
    if (!context.model.dirty) {
      return;
    }
    const start = performance.now();
    this._isTouched = false;
    try {
      await context.save();
      this.failure = '';
    } catch (error) {
      const { name, message } = error as Error;
      // The user has cancelled a dialog.
      this.failure = name.startsWith('Modal') ? '' : message;
      this._isTouched = true;
    }
    this._endedAt = performance.now();
    this._took = this._endedAt - start;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isEnabled = false;
  private _isOfKernel = false;
  private _isTouched = false;
  private _isSaving = false;
  private _timer = -1;
  private _due = Infinity;
  private _took = 0;
  private _endedAt = 0;
}
