/*
 * A drive that is a Map, behind the real file system and queue of extension/kernel/drive, and
 * operations of a kernel on it. Run in the kernel, for its Emscripten.
 *
 * A list of operations says all that happens, so what fails can be made shorter and run again. The
 * kernel does `write`, `mkdir`, `rename`, `unlink` and `rmdir` (what is not possible, does not
 * happen); `turn` is a turn of the event loop, and `step` lets the drive answer one request.
 */
async ({ FS }, site, outcomes, seed, runs, length) => {
  const mayFail = JSON.parse(outcomes).some(Boolean);
  const at = (name) => new URL(`extensions/litestate/static/kernel/drive/${name}.mjs`, site).href;
  const [{ Queue }, { DriveFiles }, { Folders }, { Writeback }] = await Promise.all(
    ['queue', 'files', 'folders', 'writeback'].map((name) => import(at(name))),
  );
  const MOUNT = '/model';
  const PATHS = ['a', 'b', 'd', 'e', 'd/a', 'd/b', 'e/a', 'd/e', 'd/e/a', 'e/d', 'e/d/a'];
  const FILE = 0o100666;
  const FOLDER = 0o040777;

  /** What a page has. A path there is the kernel's with a slash before it. */
  class Drive {
    files = new Map();
    folders = new Set(['']);
    tick = 0;
    has = (path) => this.files.has(path) || this.folders.has(path);

    put(path, text, time = ++this.tick) {
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (!this.folders.has(parent) || this.folders.has(path)) throw new Error('no answer');
      this.files.set(path, { text, time });
    }

    remove(path) {
      for (const kept of [this.files, this.folders]) {
        for (const each of [...kept.keys()]) {
          if (each === path || each.startsWith(`${path}/`)) kept.delete(each);
        }
      }
    }
  }

  /** The helper's queue; each request waits for a step, which says whether putting goes well. */
  class SteppedQueue extends Queue {
    constructor(drive, reply) {
      super('', '', reply);
      this.drive = drive;
    }

    async ask(method, path, data) {
      const outcome = await new Promise((resolve) => (this.step = resolve));
      const { drive } = this;
      if (method === 'lookup') return { ok: drive.has(path) };
      if (method === 'getattr') return { mtime: new Date(drive.files.get(path).time).toISOString() };
      if (method === 'rmdir') drive.remove(path);
      if (method === 'mknod') drive.folders.add(path);
      // What is answered too late may have been stored.
      if (method === 'put') this.store(path, atob(data.data), outcome);
      return {};
    }

    /** What is answered too late has been stored; the queue knows that by its time. */
    store(path, text, outcome) {
      const now = Date.now();
      if (outcome !== 'lost') this.drive.put(path, text, outcome ? now : undefined);
      if (!outcome) return;
      // The next version is stored later, as it is by a page.
      while (Date.now() === now);
      throw new Error(outcome);
    }
  }

  class Run {
    constructor() {
      const { drive } = this;
      for (const folder of ['/d', '/d/e']) drive.folders.add(folder);
      for (const path of ['a', 'd/a', 'd/e/a']) drive.put(`/${path}`, `${path}:1`);
      for (const folder of ['d', 'd/e']) this.kernel.set(folder, 'folder');
      for (const path of ['a', 'd/a', 'd/e/a']) this.kernel.set(path, { id: path, version: 1 });
      this.noteStored();
      const fail = (code) => {
        throw new FS.ErrnoError({ ENOENT: 44, ENOTEMPTY: 55, EPERM: 63, EIO: 29, EFBIG: 22 }[code]);
      };
      const remote = {
        address: (path) => `/${path}`,
        mode: (path) => (drive.files.has(`/${path}`) ? FILE : drive.has(`/${path}`) ? FOLDER : undefined),
        stat: (path) => {
          const { text = '', time = 1 } = drive.files.get(`/${path}`) ?? {};
          return { size: text.length, mtime: time };
        },
        list: (path) => {
          const start = path ? `/${path}/` : '/';
          const all = [...drive.files.keys(), ...drive.folders].filter((each) => each.startsWith(start));
          return all.map((each) => each.slice(start.length)).filter((each) => each && !each.includes('/'));
        },
        read: (path) => {
          const found = drive.files.get(`/${path}`);
          return found && new TextEncoder().encode(found.text);
        },
      };
      const ledger = { get: () => undefined, note() {}, forget() {}, written: () => [], writing: new Set() };
      const turn = () => {};
      const folders = new Folders(remote, ledger);
      const worker = { postMessage: (operation) => this.queue.add(operation) };
      const hooks = { turn, tell() {}, isFree: () => true };
      this.writeback = new Writeback(worker, { ledger, folders, remote }, hooks);
      this.queue = new SteppedQueue(drive, (reply) => this.writeback.replied(reply));
      this.folders = folders;
      this.files = new DriveFiles(FS, fail, { remote, ledger, folders, writeback: this.writeback, turn });
      FS.mount({ mount: () => this.files.mount() }, {}, MOUNT);
    }

    drive = new Drive();
    kernel = new Map();
    best = new Map();
    last = 0;

    async all(operations) {
      try {
        for (const [kind, ...given] of operations) {
          await this[kind](...given);
          await this.rest();
          const wrong = this.violated();
          if (wrong) return wrong;
        }
        return await this.end();
      } finally {
        FS.unmount(MOUNT);
      }
    }

    attempt(action) {
      try {
        action();
        return true;
      } catch (error) {
        if (error.name !== 'ErrnoError') throw error;
        return false;
      }
    }

    write(path) {
      const { id, version } = this.kernel.get(path) ?? { id: `new${++this.last}`, version: 0 };
      const text = `${id}:${version + 1}`;
      const isDone = this.attempt(() => FS.writeFile(`${MOUNT}/${path}`, text));
      if (isDone) this.kernel.set(path, { id, version: version + 1 });
    }

    mkdir(path) {
      if (this.attempt(() => FS.mkdir(`${MOUNT}/${path}`))) this.kernel.set(path, 'folder');
    }

    unlink(path) {
      if (this.attempt(() => FS.unlink(`${MOUNT}/${path}`))) this.kernel.delete(path);
    }

    rmdir(path) {
      if (this.attempt(() => FS.rmdir(`${MOUNT}/${path}`))) this.kernel.delete(path);
    }

    rename(from, to) {
      if (from === to) return;
      if (!this.attempt(() => FS.rename(`${MOUNT}/${from}`, `${MOUNT}/${to}`))) return;
      for (const [path, file] of [...this.kernel]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        this.kernel.delete(path);
        this.kernel.set(to + path.slice(from.length), file);
      }
    }

    turn() {
      // As if the time had come for all that failed.
      for (const { drive } of this.writeback.troubled) drive.retry = 0;
      this.writeback.flushAll();
      this.files.forgetBelow(this.files.root);
      this.folders.doubt();
    }

    async step(outcome = '') {
      const { step } = this.queue;
      if (!step) return;
      this.queue.step = undefined;
      step(outcome);
      await this.rest();
    }

    /** Let the queue get to its next request. */
    async rest() {
      for (let count = 0; count < 12; count++) await undefined;
    }

    stored() {
      const versions = new Map();
      for (const { text } of this.drive.files.values()) {
        const [id, version] = text.split(':');
        versions.set(id, Math.max(Number(version), versions.get(id) ?? 0));
      }
      return versions;
    }

    noteStored() {
      this.stored().forEach((version, id) => this.best.set(id, version));
    }

    /** What is no longer on the drive although the kernel has it and it was there, or newer. */
    violated() {
      const stored = this.stored();
      for (const [path, { id }] of this.kernel) {
        if (this.best.get(id) > (stored.get(id) ?? 0)) {
          return `${path} (${id}) was stored as version ${this.best.get(id)}, and is ${stored.get(id)}`;
        }
      }
      this.noteStored();
      return '';
    }

    /** Let all be stored, and say what is not as the kernel has it. */
    async end() {
      for (let round = 0; round < 12; round++) {
        this.turn();
        void this.writeback.settled();
        await this.rest();
        for (let count = 0; this.queue.step && count < 1000; count++) {
          await this.step();
          const wrong = this.violated();
          if (wrong) return wrong;
        }
      }
      const expected = [...this.kernel].map(([path, file]) =>
        file === 'folder' ? `/${path}/` : `/${path}=${file.id}:${file.version}`);
      const found = [...this.drive.files].map(([path, { text }]) => `${path}=${text}`);
      found.push(...[...this.drive.folders].filter(Boolean).map((path) => `${path}/`));
      // After a failure an old name may be left, and two files may wait for each other's name.
      if (mayFail) return '';
      const texts = [found, expected].map((each) => each.sort().join(' '));
      if (texts[0] !== texts[1]) return `the drive has ${texts[0]}; the kernel ${texts[1]}`;
      for (const [path, file] of this.kernel) {
        if (file === 'folder') continue;
        const text = FS.readFile(`${MOUNT}/${path}`, { encoding: 'utf8' });
        if (text !== `${file.id}:${file.version}`) return `the kernel reads ${text} in ${path}`;
      }
      return '';
    }
  }

  let state = seed;
  const random = (limit) => {
    // Mulberry32.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const anyOf = (list) => list[random(list.length)];
  const KINDS = ['write', 'write', 'mkdir', 'rename', 'rename', 'unlink', 'rmdir', 'turn'];
  const operation = () => {
    if (random(2)) return ['step', anyOf(JSON.parse(outcomes))];
    const kind = anyOf(KINDS);
    if (kind === 'turn') return [kind];
    return kind === 'rename' ? [kind, anyOf(PATHS), anyOf(PATHS)] : [kind, anyOf(PATHS)];
  };
  const tried = async (operations) => {
    try {
      return await new Run().all(operations);
    } catch (error) {
      return `${error.name}: ${error.message} ${error.stack ?? ''}`;
    }
  };

  /** Leave out what isn't needed for something to go wrong. */
  const shorter = async (operations) => {
    for (let size = operations.length >> 1; size; size = size >> 1) {
      for (let index = 0; index < operations.length; ) {
        const without = operations.toSpliced(index, size);
        if (await tried(without)) operations = without;
        else index += size;
      }
    }
    return operations;
  };

  FS.mkdirTree(MOUNT);
  for (let run = 0; run < runs; run++) {
    const operations = Array.from({ length }, operation);
    if (!(await tried(operations))) continue;
    const shortest = await shorter(operations);
    return JSON.stringify({ run, what: await tried(shortest), operations: shortest });
  }
  return '';
}
