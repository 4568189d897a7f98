/**
 * The file system in the notebook's folder.
 *
 * It is Emscripten's MEMFS, whose nodes have one buffer for all open streams of a file, with real
 * sizes, `mmap` and truncation. Nodes are made when the page reports a file or folder, get
 * their bytes at the first `open`, and are forgotten at the next turn of the event loop, unless
 * they are open or the drive doesn't have all of them yet.
 */

import { Cache } from './cache.mjs';
import { databaseBeside, holdsDatabase } from './committed.mjs';
import { join } from './names.mjs';
import { LIMIT } from './protocol.mjs';
import { bytesOf, FileState } from './state.mjs';
import { Tree } from './tree.mjs';

const FILE_MODE = 0o100666;
const DIRECTORY = 0o040000;
// Emscripten's, of <fcntl.h> and <sys/mman.h>.
const O_CREAT = 64;
const PROT_WRITE = 2;
const MAP_PRIVATE = 2;
/** Milliseconds for which the size and time of a closed file are valid. */
const BELIEVED = 1000;

export class DriveFiles {
  /**
   * @param FS Emscripten's
   * @param fail called with a code such as `ENOENT`; throws
   * @param parts remote, ledger, folders, writeback
   */
  constructor(FS, fail, parts) {
    this.FS = FS;
    this.memory = FS.filesystems.MEMFS;
    this.fail = fail;
    Object.assign(this, parts);
    this.cache = new Cache();
    this.tree = new Tree(this);
    this.mapped = new WeakSet();
    this.reserved = [];
    this.folderOps = {
      node: this.tree.nodeOps(),
      stream: {
        llseek: this.memory.stream_ops.llseek,
        open: ({ node }) => void node.drive.opens++,
        dup: ({ node }) => void node.drive.opens++,
        close: ({ node }) => void node.drive.opens--,
      },
    };
    this.fileOps = { node: this.fileNodeOps(), stream: this.streamOps() };
  }

  mount() {
    this.root = this.adopt(this.memory.createNode(null, '/', DIRECTORY | 0o777, 0), '');
    // Imports ask when this folder was changed.
    this.folders.of('').names = new Set();
    return this.root;
  }

  // Nodes.

  adopt(node, path) {
    const isFolder = this.FS.isDir(node.mode);
    node.drive = isFolder ? { path, opens: 0 } : new FileState(path);
    // A file may be called `constructor`.
    if (isFolder) node.contents = Object.create(null);
    const ops = isFolder ? this.folderOps : this.fileOps;
    node.node_ops = ops.node;
    node.stream_ops = ops.stream;
    return node;
  }

  /** Make a node for a file or folder of the page. */
  found(parent, name, mode) {
    const { atime, mtime, ctime } = parent;
    const node = this.memory.createNode(parent, name, this.FS.isDir(mode) ? mode : FILE_MODE, 0);
    Object.assign(parent, { atime, mtime, ctime });
    this.adopt(node, join(parent.drive.path, name));
    Object.assign(node.drive, { isOnDrive: true, seen: performance.now() });
    const noted = this.ledger.get(node.drive.path);
    if (noted?.mode && this.FS.isDir(noted.mode) === this.FS.isDir(mode)) node.mode = noted.mode;
    return node;
  }

  forget(node) {
    this.FS.destroyNode(node);
    delete node.parent.contents[node.name];
  }

  /** Forget everything that can be requested again. Returns whether nothing is left. */
  forgetBelow(folder) {
    for (const node of Object.values(folder.contents)) {
      const isDone = this.FS.isDir(node.mode)
        ? this.forgetBelow(node) && !node.drive.opens && !this.folders.of(node.drive.path).isNew
        : this.writeback.isDone(node);
      if (!isDone) continue;
      if (node.drive.isLoaded) this.cache.keep(node.drive.path, bytesOf(node), node.drive.mtime);
      this.forget(node);
    }
    return !Object.keys(folder.contents).length;
  }

  // Files.

  /** Ask the page about a file that was not changed here. */
  check(node) {
    const state = node.drive;
    const now = performance.now();
    if (state.isDirty || state.pending || state.isGone || now - state.checked < BELIEVED) return;
    // SQLite has pages of it in memory, which don't match another file's.
    if (state.opens && holdsDatabase(node)) return;
    if (now - state.seen > BELIEVED && this.remote.mode(state.path) === undefined) {
      this.vanished(node);
    }
    const { size, mtime } = this.remote.stat(state.path);
    state.checked = state.seen = now;
    if (state.isLoaded && state.mtime === mtime) return;
    state.mtime = mtime;
    const noted = this.ledger.get(state.path);
    const isNoted = noted?.stored === mtime;
    node.atime = node.mtime = node.ctime = (isNoted && noted.mtime) || mtime;
    const kept = this.cache.take(state.path, mtime, size);
    node.contents = kept ?? new Uint8Array(0);
    node.usedBytes = size;
    state.isLoaded = kept !== undefined;
    // The drive stores notebooks as objects, so the size when read differs from the stored size.
    if (state.opens || /\.(ipynb|json)$/.test(node.name)) this.load(node);
  }

  load(node) {
    const state = node.drive;
    if (state.isLoaded) return;
    if (node.usedBytes > LIMIT) this.fail('EFBIG');
    const bytes = this.remote.read(state.path);
    if (!bytes) this.vanished(node);
    node.contents = bytes;
    node.usedBytes = bytes.length;
    state.isLoaded = true;
  }

  vanished(node) {
    this.ledger.forget(node.drive.path);
    node.drive.isGone = true;
    this.forget(node);
    this.fail('ENOENT');
  }

  /** Detach a node that lost its name; its open streams still use it. */
  detach(node) {
    node.drive.isGone = true;
    this.writeback.dirty.delete(node);
  }

  streamOps() {
    const { memory, writeback, FS } = this;
    return {
      llseek: memory.stream_ops.llseek,
      read: memory.stream_ops.read,
      mmap: (stream, length, position, protection, flags) => {
        if (protection & PROT_WRITE && !(flags & MAP_PRIVATE)) this.mapped.add(stream);
        return memory.stream_ops.mmap(stream, length, position, protection, flags);
      },
      open: (stream) => this.open(stream),
      dup: ({ node }) => void node.drive.opens++,
      close: (stream) => this.close(stream),
      write: (stream, buffer, offset, length, position) => {
        // Never `canOwn`: the owner of the buffer may change it.
        const written = memory.stream_ops.write(stream, buffer, offset, length, position, false);
        if (written) this.wrote(stream.node, position);
        return written;
      },
      msync: (stream, buffer, offset, length) => {
        memory.stream_ops.write(stream, buffer, 0, length, offset, false);
        this.wrote(stream.node, offset);
        return 0;
      },
      fsync: ({ node }) => {
        if (FS.isDir(node.mode)) return 0;
        writeback.flush(node);
        this.complain(node);
        return 0;
      },
    };
  }

  open(stream) {
    this.release();
    try {
      this.check(stream.node);
      this.load(stream.node);
    } catch (error) {
      const { node, flags } = stream;
      if (!node.drive.isGone || !(flags & O_CREAT)) {
        this.FS.closeStream(stream.fd);
        throw error;
      }
      // It was deleted in the file browser.
      stream.node = this.tree.make(node.parent, node.name, node.mode, 0);
    }
    stream.node.drive.opens++;
  }

  close(stream) {
    const state = stream.node.drive;
    state.opens--;
    if (!state.opens) state.isUnsettled = false;
    if (this.mapped.has(stream)) this.reserve(stream);
    this.writeback.flushClosed(stream.node);
    this.turn();
  }

  /**
   * Reserve the number of a file that was closed while it is mapped into memory. Emscripten writes
   * a map back to the file with that number, which could otherwise be another file.
   */
  reserve(stream) {
    this.reserved.push({ fd: stream.fd, node: stream.node });
    // Emscripten then frees a number that no file has.
    stream.fd = -1;
  }

  /** Release the numbers of files that are not open: Python's maps have their own. */
  release() {
    for (const { fd, node } of this.reserved) if (!node.drive.opens) this.FS.closeStream(fd);
    this.reserved = this.reserved.filter(({ node }) => node.drive.opens);
  }

  wrote(node, position) {
    this.writeback.changed(node);
    // SQLite ends a transaction by zeroing the journal's header.
    if (position === 0 && node.contents[0] === 0 && databaseBeside(node)) {
      this.writeback.journalEnded(node);
    }
    this.writeback.flushOld();
  }

  /** Report an error of background storing, once, in `fsync`, as POSIX does. */
  complain(node) {
    const { problem } = node.drive;
    if (!problem || problem.isTold || holdsDatabase(node)) return;
    problem.isTold = true;
    this.fail(problem.code);
  }

  resize(node, size) {
    const state = node.drive;
    if (size === 0 && !state.isLoaded) {
      Object.assign(node, { contents: new Uint8Array(0), usedBytes: 0 });
      state.isLoaded = true;
    } else {
      this.load(node);
      this.memory.resizeFileStorage(node, size);
    }
    node.mtime = node.ctime = Date.now();
    this.writeback.changed(node);
    if (size === 0 && databaseBeside(node)) this.writeback.journalEnded(node);
  }

  fileNodeOps() {
    return {
      getattr: (node) => {
        if (!node.drive.opens) this.check(node);
        return this.memory.node_ops.getattr(node);
      },
      setattr: (node, attributes) => {
        const { size, ...others } = attributes;
        if (size !== undefined) {
          if (!node.drive.opens && size !== 0) this.check(node);
          this.resize(node, size);
        }
        this.setTimesAndMode(node, others);
      },
    };
  }

  setTimesAndMode(node, { mode, atime, mtime, ctime }) {
    if (mode === undefined && mtime == null) return;
    if (!node.drive.opens) this.check(node);
    this.memory.node_ops.setattr(node, { mode, atime, mtime, ctime });
    if (node.drive.isGone || databaseBeside(node)) return;
    const noted = { mode: node.mode, mtime: node.mtime };
    this.ledger.note(node.drive.path, { ...noted, stored: node.drive.mtime });
    this.writeback.touched.add(node.drive.path);
  }
}
