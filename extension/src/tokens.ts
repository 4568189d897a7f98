/** What the parts of the extension know of a notebook, and how they ask its kernel. */

import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

/** A notebook whose state litestate saves. */
export interface INotebookState {
  /** The open document. */
  readonly context: DocumentRegistry.IContext<INotebookModel>;

  /** What is saved, as far as the page knows. */
  readonly status: Status;

  /** Emitted when `status` has changed. */
  readonly changed: ISignal<INotebookState, void>;

  /** Whether a cell runs, so that the kernel answers only later. */
  readonly isBusy: boolean;

  /**
   * Ask the kernel. A question while a cell runs is answered when the cell awaits or ends.
   *
   * @param command Name of a command of `litestate/api/page_commands.py`.
   * @param args Its arguments: plain data.
   * @param file A file that it takes.
   * @throws KernelError with the kernel's message, if the command fails there.
   * @throws Error if there is no kernel, or if it ends before it has answered.
   */
  ask<T>(
    command: string,
    args?: Record<string, unknown>,
    file?: Blob
  ): Promise<IAnswer<T>>;
}

/** A kernel's answer. */
export interface IAnswer<T> {
  /** Plain data. */
  readonly result: T;

  /** A file, if the command makes one. */
  readonly file?: Blob;

  /** Name of the file. */
  readonly name?: string;
}

/** A command failed in the kernel; the message is for the user. */
export class KernelError extends Error {
  /**
   * @param name Name of the error's class in Python.
   * @param message What happened, and what to do.
   */
  constructor(
    override readonly name: string,
    message: string
  ) {
    super(message);
  }
}

/** What is saved of a notebook. `since` is a time in milliseconds since 1970. */
export type Status =
  /** No kernel of litestate has answered (yet). */
  | { readonly kind: 'off'; readonly reason: string }
  | { readonly kind: 'restoring' }
  | { readonly kind: 'saving' }
  /** All is stored, or all that a cell has chosen with `autosave(…)`. */
  | {
      readonly kind: 'saved';
      readonly since: number;
      readonly isChosen?: boolean;
    }
  /** A number of cells, or only what was typed (0), is not stored yet. */
  | { readonly kind: 'unsaved'; readonly cells: number }
  /**
   * All is stored that can be, until the page goes: variables too, if there is a reason; otherwise
   * only the notebook and its folder are lost.
   */
  | { readonly kind: 'temporary'; readonly reason: string }
  /** Another tab stores what this notebook does. */
  | { readonly kind: 'readonly' }
  /** Storing has failed. */
  | { readonly kind: 'failed'; readonly reason: string };

/** The notebooks of the page. */
export interface INotebookStates {
  /** The notebook in front, or null. */
  readonly current: INotebookState | null;

  /** All open notebooks. */
  readonly all: readonly INotebookState[];

  /** Emitted when another notebook is in front. */
  readonly currentChanged: ISignal<INotebookStates, INotebookState | null>;
}

/** The notebooks of the page whose state litestate saves. */
export const INotebookStates = new Token<INotebookStates>(
  'litestate:INotebookStates',
  'The notebooks whose state litestate saves.'
);
