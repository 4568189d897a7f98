/** Reports of the kernel, as `litestate/api/page_reports.py` makes them. */

/** A variable, file, table or package in a report. */
export interface IReportLine {
  readonly label: string;

  /** Bytes. */
  readonly size: number;
  readonly detail: string;

  /** What happened to it: "added", "changed" and so on; empty if nothing is to be said. */
  readonly verdict: string;
  readonly kind: string;
}

/** Something that was left out. */
export interface ISkipped {
  readonly path: string;

  /** Why, without a full stop. */
  readonly reason: string;

  /** What to do about it, or an empty text. */
  readonly advice: string;
}

export interface IReportSection {
  readonly title: string;

  /** Number of lines, of which `lines` has the first ones. */
  readonly count: number;

  /** Bytes. */
  readonly size: number;
  readonly lines: readonly IReportLine[];
  readonly warnings: readonly string[];
  readonly skipped: readonly ISkipped[];
}

/** The outcome of a command. */
export interface IReport {
  readonly headline: string;
  readonly sections: readonly IReportSection[];
  readonly notes: readonly string[];

  /** Heading of what was left out. */
  readonly skipped_title: string;

  /** All of it as plain text. */
  readonly text: string;
}
