/**
 * Queue of changes that are stored one after the other.
 *
 * A newer version of a file replaces one that waits. It goes to the end of the queue, unless
 * something is to be deleted after it: a rename is a copy and a deletion, and the copy has to be
 * stored before the deletion, or there would be a moment with neither of them.
 */

import { encode, FOLDER_MODE, time, toBase64 } from './protocol.mjs';

/**
 * Milliseconds that the page has to answer, and more of them for each byte: several times what
 * a busy machine takes. If the storage has no room, the page never answers.
 */
const PATIENCE = 8_000;
const PATIENCE_PER_BYTE = 5e-4;

export class Queue {
  /**
   * @param endpoint the address of JupyterLite's drive requests
   * @param context the id of the page that has to answer
   * @param reply called with the result of each operation
   */
  constructor(endpoint, context, reply) {
    this.endpoint = endpoint;
    this.context = context;
    this.reply = reply;
    this.waiting = [];
    this.running = false;
    /** Addresses of which the last version could not be stored. */
    this.failed = new Set();
    /** Old names that may not be deleted yet, and what has to be stored before. */
    this.guarded = new Map();
    /** When the page stored the last version of each file. */
    this.times = new Map();
  }

  /**
   * Add an operation: `{id, kind: 'put' | 'remove' | 'folder', address}`, with `bytes` to put, or
   * with the addresses that a removal `needs` to be stored, because they are its new names, and
   * which of them are `missing` in the queue, and which `gone` since.
   */
  add(operation) {
    const old = this.waiting.findLastIndex(
      (each) => each.kind === 'put' && each.address === operation.address,
    );
    const later = old < 0 ? [] : this.waiting.slice(old).filter((each) => each.kind === 'remove');
    if (old >= 0 && operation.kind === 'put' && later.length) {
      if (later.some((each) => covers(each.address, operation.address))) this.waiting.push(operation);
      else this.supersede(old, operation);
    } else {
      const isNeeded = later.some((each) => each.needs.includes(operation.address));
      if (old >= 0 && operation.kind !== 'folder' && !isNeeded) this.supersede(old);
      this.waiting.push(operation);
    }
    if (!this.running) void this.run();
  }

  supersede(index, ...by) {
    const [old] = this.waiting.splice(index, 1, ...by);
    this.reply({ id: old.id, superseded: true });
  }

  async run() {
    this.running = true;
    while (this.waiting.length) {
      const operation = this.waiting.shift();
      try {
        this.reply({ id: operation.id, ...(await this[operation.kind](operation)) });
      } catch (error) {
        if (operation.kind === 'put') this.failed.add(operation.address);
        this.reply({ id: operation.id, error: reason(error) });
      }
    }
    this.running = false;
  }

  async put({ address, bytes, expected }) {
    await this.makeRoom(address);
    await this.requireFolder(address);
    const isOver = expected !== undefined && (await this.isNewer(address, expected));
    const content = { format: 'base64', data: toBase64(bytes) };
    const start = Date.now();
    try {
      await this.ask('put', address, content, bytes.length);
    } catch (error) {
      // It may have been stored, only late.
      if (!((await this.time(address)) >= start)) throw error;
    }
    this.failed.delete(address);
    const mtime = await this.time(address);
    this.times.set(address, mtime);
    return { mtime, isOver };
  }

  /** Whether another writer has stored a version since the kernel read or stored its own. */
  async isNewer(address, expected) {
    const found = await this.time(address);
    return found !== undefined && found !== (this.times.get(address) ?? expected);
  }

  /** When a file was stored (milliseconds since 1970), or undefined. */
  async time(address) {
    if (!(await this.ask('lookup', address)).ok) return undefined;
    return time((await this.ask('getattr', address)).mtime);
  }

  async remove({ address, needs, missing, gone }) {
    missing.forEach((each) => this.failed.add(each));
    gone.forEach((each) => this.failed.delete(each));
    this.passOn(address, needs);
    const guarded = [...this.guarded].filter(([each]) => covers(address, each));
    const all = [...needs, ...guarded.flatMap(([, each]) => each)];
    if (all.some((each) => this.failed.has(each))) {
      this.guarded.set(address, all);
      return { held: true };
    }
    guarded.forEach(([each]) => this.guarded.delete(each));
    await this.ask('rmdir', address);
    // Files of the site can't be deleted, only covered.
    return { remains: (await this.ask('lookup', address)).ok };
  }

  /** Let removals that waited for a name wait for its new names, or for nothing. */
  passOn(address, names) {
    for (const [each, needs] of this.guarded) {
      if (!needs.some((need) => covers(address, need))) continue;
      const passed = needs.flatMap((need) => (covers(address, need) ? names : [need]));
      const others = passed.filter((need) => !covers(each, need));
      // A file that has its old name again may overwrite itself.
      if (passed.length && !others.length) this.guarded.delete(each);
      else this.guarded.set(each, others);
    }
    for (const each of this.failed) if (covers(address, each)) this.failed.delete(each);
  }

  /** Delete a waiting old name if allowed; otherwise nothing may be stored over it. */
  async makeRoom(address) {
    const needs = this.guarded.get(address);
    if (!needs) return;
    if (needs.some((each) => this.failed.has(each))) {
      throw new Error('there is a file of that name that is not stored under its new one yet');
    }
    await this.ask('rmdir', address);
    this.guarded.delete(address);
  }

  /** Storing into a folder that was deleted would never be answered: make it anew. */
  async requireFolder(address) {
    const folder = address.slice(0, address.lastIndexOf('/'));
    if (folder.includes('/')) await this.folder({ address: folder });
  }

  async folder({ address }) {
    await this.makeRoom(address);
    if ((await this.ask('lookup', address)).ok) return {};
    await this.requireFolder(address);
    await this.ask('mknod', address, { mode: FOLDER_MODE });
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

function covers(folder, address) {
  return address === folder || address.startsWith(`${folder}/`);
}

function reason({ name, message }) {
  if (name !== 'TimeoutError') return message;
  return "the browser did not store it; its storage, or this site's share of it, may be full";
}
