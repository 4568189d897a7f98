/**
 * What waits to be stored, one after the other.
 *
 * A newer version of a file replaces one that waits, at the end of the queue, unless something is
 * to be deleted after it: then it stays where it is, because a rename is a copy and a deletion,
 * and in between there has to be one of the two.
 */

import { encode, FOLDER_MODE, time, toBase64 } from './protocol.mjs';

/**
 * Milliseconds that the page has to answer, and more of them for each byte: several times what
 * a busy machine takes. What the storage has no room for is never answered.
 */
const PATIENCE = 8_000;
const PATIENCE_PER_BYTE = 5e-4;

export class Queue {
  /**
   * @param endpoint the address of JupyterLite's drive requests
   * @param context the id of the page that has to answer
   * @param reply called with what became of each operation
   */
  constructor(endpoint, context, reply) {
    this.endpoint = endpoint;
    this.context = context;
    this.reply = reply;
    this.waiting = [];
    this.running = false;
  }

  /** Add an operation: `{id, kind: 'put' | 'remove' | 'folder', address, bytes}`. */
  add(operation) {
    if (operation.kind === 'put') this.addPut(operation);
    else {
      if (operation.kind === 'remove') this.drop(operation.address);
      this.waiting.push(operation);
    }
    if (!this.running) void this.run();
  }

  addPut(operation) {
    const old = this.waiting.findIndex((each) => each.kind === 'put' && each.address === operation.address);
    if (old < 0) {
      this.waiting.push(operation);
      return;
    }
    this.reply({ id: this.waiting[old].id, superseded: true });
    if (this.waiting.slice(old).some((each) => each.kind === 'remove')) {
      this.waiting[old] = operation;
    } else {
      this.waiting.splice(old, 1);
      this.waiting.push(operation);
    }
  }

  drop(address) {
    this.waiting = this.waiting.filter((each) => {
      const isOver = each.kind === 'put' && each.address === address;
      if (isOver) this.reply({ id: each.id, superseded: true });
      return !isOver;
    });
  }

  async run() {
    this.running = true;
    while (this.waiting.length) {
      const operation = this.waiting.shift();
      try {
        this.reply({ id: operation.id, ...(await this[operation.kind](operation)) });
      } catch (error) {
        this.reply({ id: operation.id, error: reason(error) });
      }
    }
    this.running = false;
  }

  async put({ address, bytes }) {
    await this.requireFolder(address);
    const content = { format: 'base64', data: toBase64(bytes) };
    const start = Date.now();
    try {
      await this.ask('put', address, content, bytes.length);
    } catch (error) {
      // It may have been stored, only late.
      if (!((await this.time(address)) >= start)) throw error;
    }
    return { mtime: await this.time(address) };
  }

  /** When a file was stored (milliseconds since 1970), or undefined. */
  async time(address) {
    if (!(await this.ask('lookup', address)).ok) return undefined;
    return time((await this.ask('getattr', address)).mtime);
  }

  async remove({ address }) {
    await this.ask('rmdir', address);
    // What the site ships can't be deleted, only covered.
    return { remains: (await this.ask('lookup', address)).ok };
  }

  /** Storing into a folder that is gone would never be answered. */
  async requireFolder(address) {
    const folder = address.slice(0, address.lastIndexOf('/'));
    if (!folder.includes('/')) return;
    if (!(await this.ask('lookup', folder)).ok) throw new Error('its folder was deleted');
  }

  async folder({ address }) {
    await this.requireFolder(address);
    if (!(await this.ask('lookup', address)).ok) {
      await this.ask('mknod', address, { mode: FOLDER_MODE });
    }
    return {};
  }

  async ask(method, address, data, size = 0) {
    const answer = await fetch(this.endpoint, {
      method: 'POST',
      body: encode(this.context, method, address, data),
      signal: AbortSignal.timeout(PATIENCE + PATIENCE_PER_BYTE * size),
    });
    if (!answer.ok) throw new Error(`the site answered ${answer.status}`);
    return answer.json();
  }
}

function reason({ name, message }) {
  if (name !== 'TimeoutError') return message;
  return "the browser did not store it; its storage, or this site's share of it, may be full";
}
