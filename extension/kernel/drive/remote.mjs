/** Questions to the page that the kernel waits for. */

import { stored } from './names.mjs';
import { encode, fromBase64, time } from './protocol.mjs';

/** Milliseconds. The page may be busy, but a cell must not hang. */
const PATIENCE = 30_000;
/** Milliseconds until it is asked again whether there is what it was asked about. */
const DOUBT = 3_000;

export class Remote {
  /**
   * @param endpoint the address of JupyterLite's drive requests
   * @param context the id of the page that has to answer
   * @param prefix what stands before the slash of every path there
   * @param fail called with a code such as `EIO`; throws the file system's error
   * @param turn asks for a turn of the event loop: until then an answer is believed
   */
  constructor(endpoint, context, prefix, fail, turn) {
    this.endpoint = endpoint;
    this.context = context;
    this.prefix = prefix;
    this.fail = fail;
    this.turn = turn;
    this.encoder = new TextEncoder();
  }

  /** What the page calls a path of the drive. */
  address(path) {
    return `${this.prefix}/${stored(path)}`;
  }

  /** The mode of a file or folder, or undefined if there is none. */
  mode(path) {
    const found = this.ask('lookup', path);
    return found?.ok ? found.mode : undefined;
  }

  /** Size (bytes) and time (milliseconds) of something that exists. */
  stat(path) {
    const found = this.askOfWhatThereIs('getattr', path);
    return { size: found.size || 0, mtime: time(found.mtime) };
  }

  /** The names in a folder that exists. */
  list(path) {
    return this.askOfWhatThereIs('readdir', path);
  }

  /** The bytes of a file, or undefined if there is none. */
  read(path) {
    const found = this.ask('get', path);
    if (!found) return undefined;
    const content = found.content ?? '';
    return found.format === 'base64' ? fromBase64(content) : this.encoder.encode(content);
  }

  /** Ask what the page never answers if there is no such file or folder (any more). */
  askOfWhatThereIs(method, path) {
    const found = this.send(method, path, DOUBT);
    if (found) return found;
    if (path && this.mode(path) === undefined) this.fail('ENOENT');
    return this.send(method, path, PATIENCE) ?? this.fail('EIO');
  }

  ask(method, path) {
    const found = this.send(method, path, PATIENCE);
    return found === undefined ? this.fail('EIO') : found;
  }

  /** The page's answer; undefined if there is none that can be read. */
  send(method, path, patience) {
    this.turn();
    const request = new XMLHttpRequest();
    request.open('POST', this.endpoint, false);
    request.timeout = patience;
    try {
      request.send(encode(this.context, method, this.address(path)));
      // Without a service worker in charge, the site itself answers.
      if (request.status < 400) return JSON.parse(request.responseText);
    } catch (error) {
      console.warn(`litestate: no answer to ${method} of ${path}`, error);
    }
    return undefined;
  }
}
