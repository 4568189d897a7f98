/** Writes a ZIP archive in pieces, so that the page stays responsive meanwhile. */

import { deflateSync, Zip, ZipDeflate, ZipPassThrough } from 'fflate';

/** Bytes of a piece; the library takes about 3 ms for it. */
export const PIECE = 64 * 1024;

/** Milliseconds of work between two breaks. */
const WORK = 20;

/** Bytes that are kept in pieces of their own, until they become one of the browser's. */
const GATHERED = 16 * 1024 * 1024;

/** Entries and bytes that an archive can have without ZIP64, which the library does not write. */
const MOST_ENTRIES = 65_534;
const MOST_BYTES = 4_294_000_000;

/** Lowest level of compression: the page does nothing else well while it compresses. */
const LEVEL = 1;

/** A piece is stored as it is if it shrinks to no less than this. */
const COMPRESSED = 0.95;

/** The earliest and the latest year that an entry can have. */
const YEARS = [1980, 2099];

/** Lets the page do other work after each 20 ms. */
export class Breaks {
  /** Wait for a moment if it is time for a break. */
  async take(): Promise<void> {
    if (performance.now() - this._since < WORK) {
      return;
    }
    // Timers of a page in the background are late by a second and more.
    await new Promise<void>(resolve => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
    this._since = performance.now();
  }

  private _since = performance.now();
}

/** A ZIP archive that is being written. */
export class ZipWriter {
  constructor() {
    this._zip = new Zip((error, data) => {
      if (error) {
        throw error;
      }
      this._gather(data);
    });
  }

  /** Add an empty folder. */
  addFolder(path: string): void {
    this._count();
    const entry = new ZipPassThrough(`${path}/`);
    this._zip.add(entry);
    entry.push(new Uint8Array(), true);
  }

  /**
   * Add a file.
   *
   * @param path Its path in the archive.
   * @param pieces Its bytes.
   * @param time When it was last changed.
   */
  async addFile(
    path: string,
    pieces: readonly Uint8Array[],
    time: Date
  ): Promise<void> {
    this._count();
    const entry = this._begin(path, pieces[0]?.subarray(0, PIECE), time);
    for (const piece of pieces) {
      for (let start = 0; start < piece.length; start += PIECE) {
        entry.push(piece.subarray(start, start + PIECE));
        await this._breaks.take();
      }
    }
    entry.push(new Uint8Array(), true);
    await this._breaks.take();
  }

  /** Write the end, and return the archive. */
  finish(): Blob {
    this._zip.end();
    return new Blob([...this._parts, ...this._pieces], {
      type: 'application/zip'
    });
  }

  private _begin(
    path: string,
    first: Uint8Array | undefined,
    time: Date
  ): ZipDeflate | ZipPassThrough {
    const isSmaller =
      first !== undefined &&
      deflateSync(first, { level: LEVEL }).length < COMPRESSED * first.length;
    const entry = isSmaller
      ? new ZipDeflate(path, { level: LEVEL })
      : new ZipPassThrough(path);
    const year = time.getFullYear();
    // Also false if there is no valid time.
    if (year >= YEARS[0] && year <= YEARS[1]) {
      entry.mtime = time;
    }
    this._zip.add(entry);
    return entry;
  }

  private _count(): void {
    this._entries += 1;
    if (this._entries > MOST_ENTRIES || this._bytes > MOST_BYTES) {
      throw new RangeError(
        'A ZIP archive holds up to 65,534 files and folders, and 4 GB.'
      );
    }
  }

  private _gather(data: Uint8Array): void {
    this._bytes += data.length;
    this._pieces.push(data as Uint8Array<ArrayBuffer>);
    this._gathered += data.length;
    // The browser may keep it on the disk.
    if (this._gathered >= GATHERED) {
      this._parts.push(new Blob(this._pieces));
      this._pieces = [];
      this._gathered = 0;
    }
  }

  private readonly _zip: Zip;
  private readonly _breaks = new Breaks();
  private readonly _parts: Blob[] = [];
  private _pieces: Uint8Array<ArrayBuffer>[] = [];
  private _gathered = 0;
  private _bytes = 0;
  private _entries = 0;
}
