/** What is saved of a notebook: the status, from what the page and the kernel know. */

import type { Status } from './tokens';

/** The newest checkpoint of a notebook. */
export interface INewest {
  readonly number: number;

  /** Its label, or "checkpoint" and its number. */
  readonly title: string;

  /** Seconds since 1970. */
  readonly created: number;

  /** Number of the cell after which it was made. */
  readonly cell: number | null;
}

/** What the kernel pushes after each cell; made by `litestate/api/front_end.py`. */
export interface IKernelState {
  /** Whether checkpoints are made after cells. */
  readonly active: boolean;

  /** Number of cells that have begun in this kernel. */
  readonly begun: number;

  /** How many of these are stored with all their effects. */
  readonly stored: number;
  readonly name?: string;
  readonly paused?: boolean;

  /** Whether checkpoints have only what a cell has chosen with `autosave(…)`. */
  readonly chosen?: boolean;

  /** Why the last checkpoint failed, or an empty text. */
  readonly trouble?: string;

  /** Files that the browser could not store, with the reasons. */
  readonly unsaved?: Record<string, string>;

  /** Whether this tab stores the state; another one does otherwise. */
  readonly writable?: boolean;

  /** Why checkpoints end with the page, or an empty text. */
  readonly transient?: string;

  /** Whether the site has notebooks and files in memory. */
  readonly temporary?: boolean;
  readonly newest?: INewest | null;
}

/** All that the status depends on. */
export interface IFacts {
  /** Why there is no litestate in the kernel; an empty text if there is. */
  readonly missing: string;

  /** Whether the kernel has not answered the start request yet. */
  readonly isStarting: boolean;

  /** The kernel's own words; null before it has answered. */
  readonly kernel: IKernelState | null;

  /** Number of cells that the page has sent to the kernel. */
  readonly sent: number;

  /** Whether the notebook has changes that are not saved. */
  readonly isDirty: boolean;

  /** Whether the notebook is being saved. */
  readonly isSaving: boolean;

  /** Why the notebook could not be saved, or an empty text. */
  readonly failure: string;

  /** When the notebook was saved (milliseconds since 1970). */
  readonly savedAt: number;
}

/** Return the number of cells whose effects the browser has not stored. */
export function unstored({ kernel, sent }: IFacts): number {
  return kernel ? Math.max(sent, kernel.begun) - kernel.stored : 0;
}

/** Return why something could not be stored, or an empty text. */
export function trouble({ kernel, failure }: IFacts): string {
  const [file] = Object.entries(kernel?.unsaved ?? {});
  const isPaused = kernel?.paused && kernel.begun > kernel.stored;
  return (
    failure ||
    kernel?.trouble ||
    (file ? `${file[0]}: ${file[1]}` : '') ||
    (isPaused ? 'Autosave is paused. Resume it with autosave.resume().' : '')
  );
}

/** Return what is saved. */
export function statusOf(facts: IFacts): Status {
  const { missing, isStarting, kernel, isDirty, isSaving, savedAt } = facts;
  if (missing) {
    return { kind: 'off', reason: missing };
  }
  if (isStarting || !kernel) {
    return { kind: 'restoring' };
  }
  if (!kernel.active) {
    return { kind: 'off', reason: '' };
  }
  if (kernel.writable === false) {
    return { kind: 'readonly' };
  }
  const reason = trouble(facts);
  if (reason) {
    return { kind: 'failed', reason };
  }
  const cells = unstored(facts);
  if (cells > 0) {
    return { kind: 'unsaved', cells };
  }
  if (isSaving) {
    return { kind: 'saving' };
  }
  if (isDirty) {
    return { kind: 'unsaved', cells: 0 };
  }
  if (kernel.transient || kernel.temporary) {
    return { kind: 'temporary', reason: kernel.transient ?? '' };
  }
  const since = Math.max(savedAt, 1000 * (kernel.newest?.created ?? 0));
  return { kind: 'saved', since, ...(kernel.chosen && { isChosen: true }) };
}
