/**
 * Requests to the page that the kernel waits for.
 *
 * Each has a time limit, and is repeated within it: while a service worker starts or is replaced,
 * a message can get lost, or the web host can answer. If the page stays silent, later requests
 * fail at once, so that the start of the kernel, which sends dozens of them, continues.
 */

import { stored } from './names.mjs';
import { encode, FOLDER_MODE, fromBase64, time } from './protocol.mjs';

/** Milliseconds of each try of a request that the page answers at once, unless it is busy. */
const TRIES = [5_000, 10_000, 15_000];
/**
 * Milliseconds of the first try of a request that the page may never answer, and of the second one,
 * which is made if the page answers at all. To list a folder, the page reads everything stored.
 */
const DOUBT = [3_000, 30_000];
/** The same for content, for which the page reads a whole file. */
const READ = [15_000, 30_000];
/** Milliseconds that a silent page has to answer a test, and between two tests. */
const PROBE = 1_000;
const REST = 10_000;
/** A name whose request is cheap for the page: folders, such as the drive's own, are expensive. */
const ANY_NAME = '.litestate';
/** Milliseconds for which a request that fails at once is repeated, and the first and last pause. */
const CHANGE = 3_000;
const FIRST_PAUSE = 20;
const LAST_PAUSE = 400;

const SILENT =
  "the notebook's folder cannot be reached, because the page does not answer. Files in it cannot " +
  'be listed, opened or stored until it does; variables and other folders are as they were. ' +
  'If this does not go away, save the notebook and reload the page.';
const HEARD = "the notebook's folder can be reached again.";

export class Remote {
  /**
   * @param endpoint the address of JupyterLite's drive requests
   * @param context the id of the page that has to answer
   * @param prefix the part before the slash of every path there
   * @param fail called with a code such as `EIO`; throws the file system's error
   * @param turn requests a turn of the event loop, until which an answer is valid
   * @param tell called with a sentence for the user
   */
  constructor(endpoint, context, prefix, fail, turn, tell) {
    this.endpoint = endpoint;
    this.context = context;
    this.prefix = prefix;
    this.fail = fail;
    this.turn = turn;
    this.tell = tell;
    this.encoder = new TextEncoder();
    this.isSilent = false;
    /** Until when the page is not asked, because it was silent just now. */
    this.restUntil = 0;
    this.takesForFolders = false;
  }

  /** The page's name for a path of the drive. */
  address(path) {
    return `${this.prefix}/${stored(path)}`;
  }

  /** The mode of a file or folder, or undefined if there is none. */
  mode(path) {
    const found = this.send('lookup', path, TRIES);
    // The page answers this whatever the path is.
    if (found === undefined) return this.missed();
    return found?.ok ? found.mode : undefined;
  }

  /** Size (bytes) and time (milliseconds) of something that exists. */
  stat(path) {
    const found = this.askTwice('getattr', path, DOUBT);
    return { size: found?.size || 0, mtime: time(found?.mtime) };
  }

  /** The names in a folder that exists. */
  list(path) {
    return this.askTwice('readdir', path, DOUBT);
  }

  /** The bytes of a file, or undefined if there is none. */
  read(path) {
    const found = this.askTwice('get', path, READ);
    if (!found) return undefined;
    const content = found.content ?? '';
    return found.format === 'base64' ? fromBase64(content) : this.encoder.encode(content);
  }

  /** Send a request that the page never answers after an error, such as for a missing file. */
  askTwice(method, path, [first, second]) {
    let found = this.send(method, path, [first]);
    if (found !== undefined) return found;
    const isThere = this.mode(path || ANY_NAME) !== undefined;
    if (path && !isThere) this.fail('ENOENT');
    found = this.send(method, path, [second]);
    return found === undefined ? this.fail('EIO') : found;
  }

  /** Run a function that needs a folder; meanwhile, unknown paths are treated as folders. */
  takingForFolders(action) {
    this.takesForFolders = true;
    try {
      return action();
    } finally {
      this.takesForFolders = false;
    }
  }

  /**
   * Fail because the page is silent. `import` skips a folder that may not be read, but no other
   * error: with `EIO`, no module could be imported, and Python could not start.
   */
  missed() {
    if (!this.isSilent) {
      this.isSilent = true;
      this.restUntil = performance.now() + REST;
      this.tell(SILENT);
    }
    return this.takesForFolders ? FOLDER_MODE : this.fail('EACCES');
  }

  /** The page's answer; undefined if there is none that can be read. */
  send(method, path, tries) {
    this.turn();
    if (this.isSilent && !this.isHeardAgain(path)) return undefined;
    const start = performance.now();
    for (const patience of tries) {
      const found = this.try(method, path, patience, start);
      if (found !== undefined) return found;
    }
    console.warn(`litestate: no answer to ${method} of ${path}`);
    return undefined;
  }

  /** Whether a page that was silent answers again, tested from time to time. */
  isHeardAgain(path) {
    const start = performance.now();
    if (start < this.restUntil) return false;
    if (this.try('lookup', path || ANY_NAME, PROBE, start) === undefined) {
      this.restUntil = performance.now() + REST;
      return false;
    }
    this.isSilent = false;
    this.tell(HEARD);
    return true;
  }

  /** Send a request; repeat it if it fails at once, as while no service worker is active. */
  try(method, path, patience, start) {
    for (let wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LAST_PAUSE)) {
      const request = new XMLHttpRequest();
      request.open('POST', this.endpoint, false);
      request.timeout = patience;
      try {
        request.send(encode(this.context, method, this.address(path)));
        // Without an active service worker, the web host answers.
        if (request.status < 400) return JSON.parse(request.responseText);
      } catch (error) {
        if (error.name === 'TimeoutError') return undefined;
      }
      if (performance.now() - start + wait > CHANGE) return undefined;
      pause(wait);
    }
  }
}

/** Let time pass: a worker has no way to sleep. */
function pause(milliseconds) {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
