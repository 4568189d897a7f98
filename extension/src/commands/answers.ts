/** Answers of the kernel's commands, as `litestate/api/page_commands.py` describes them. */

import type { IReport, IReportSection, ISkipped } from '../reports';

/** One checkpoint. */
export interface ICheckpoint {
  readonly number: number;

  /** Seconds since 1970. */
  readonly when: number;
  readonly label: string | null;

  /** Number of the cell after which it was made. */
  readonly cell: number | null;
  readonly cause: string;

  /** What changed since the checkpoint before, in one line. */
  readonly text: string;

  /** Bytes. */
  readonly size: number;

  /** Bytes that it added to the storage. */
  readonly written: number;
}

/** The checkpoints of a notebook, newest first. */
export interface ICheckpoints {
  readonly name: string;

  /** The newest ones, of `count`. */
  readonly rows: readonly ICheckpoint[];
  readonly count: number;

  /** Bytes of all. */
  readonly size: number;
  readonly usage: { readonly used: number; readonly quota: number } | null;
  readonly writable: boolean;

  /** Why checkpoints end with the kernel, or an empty text. */
  readonly transient: string;

  /** The checkpoint to which `undo` goes back. */
  readonly undo: number | null;
  readonly notes: readonly string[];
}

/** The outcome of `checkpoint`; the number is null if nothing had changed. */
export interface IMadeCheckpoint {
  readonly report: IReport;
  readonly number: number | null;
}

/** The outcome of `save` and `hand_in`. */
export interface ISaved {
  readonly report: IReport;

  /** Bytes of the file. */
  readonly size: number;
  readonly digest: string;
}

/** Who made a bundle: this browser, another one, or unknown. */
export type Maker = 'own' | 'stranger' | 'unsigned';

/**
 * What a bundle is, and what loading it would change.
 *
 * Only `made` is checked: whoever made the bundle wrote the rest.
 */
export interface ILook {
  readonly label: string;

  /** Bytes. */
  readonly size: number;
  readonly made: Maker;

  /** In the form of ISO 8601. */
  readonly created: string;
  readonly notebook: string | null;

  /** Versions of the software that made it. */
  readonly generator: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly contents: readonly IReportSection[];

  /** What was left out when it was saved. */
  readonly missing: readonly ISkipped[];

  /** What loading would change, without trust. */
  readonly changes: IReport;

  /** What is loaded only with trust, and what it would run. */
  readonly waiting: readonly ISkipped[];
  readonly can_trust: boolean;
}

/** The outcome of `load`. */
export interface ILoaded {
  readonly report: IReport;
  readonly waiting: readonly ISkipped[];

  /** Whether `undo` can take it back. */
  readonly undo: boolean;
}

/** The outcome of `forget`. */
export interface IForgotten {
  readonly report: IReport;

  /** Number of checkpoints that are gone. */
  readonly forgotten: number;

  /** Bytes that are free again. */
  readonly freed: number;

  /** The checkpoint with which the history begins again. */
  readonly number: number | null;
}
