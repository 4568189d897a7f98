/** Mounts the fixed file system instead of JupyterLite's drive. */

import { DriveFiles } from './files.mjs';
import { Folders } from './folders.mjs';
import { Ledger } from './ledger.mjs';
import { LIMIT } from './protocol.mjs';
import { Reads } from './reads.mjs';
import { Remote } from './remote.mjs';
import { Writeback } from './writeback.mjs';

/** Milliseconds until a message that could not be shown is tried again. */
const LATER = 500;

/** Functions of Emscripten's file system that are used here, beside its MEMFS. */
const FS_FUNCTIONS = [
  'chdir', 'closeStream', 'createNode', 'destroyNode', 'isDir', 'isFile', 'lookupNode', 'open',
];
const MEMFS_FUNCTIONS = {
  node_ops: ['getattr', 'rename', 'setattr', 'unlink'],
  stream_ops: ['llseek', 'mmap', 'msync', 'read', 'write'],
};

/**
 * Whether SQLite may read a database, which is so unless a write is under way.
 * It is only asked where there is no journal to see that from (`journal_mode` off or memory).
 */
const IS_FREE = `
import sys
from pathlib import Path

def is_free(path):
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is None:
        return True
    try:
        connection = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, timeout=0)
        try:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return error.sqlite_errorcode != sqlite3.SQLITE_BUSY
    return True

is_free
`;

/**
 * Replace every drive of JupyterLite's that is mounted from now on.
 *
 * @param pyodide
 * @param {{ isTemporary?: boolean }} site whether its files are in memory, and end with the page
 */
export function mendMounts(pyodide, site = {}) {
  const { FS } = pyodide;
  const mount = FS.mount;
  FS.mount = function (type, options, mountpoint) {
    return mount.call(this, mended(pyodide, type, mountpoint, site) ?? type, options, mountpoint);
  };
}

/** The file system to mount instead of JupyterLite's, or undefined to leave that alone. */
function mended(pyodide, drive, mountpoint, site) {
  const isDrive = drive?.API && typeof drive.driveName === 'string';
  if (!isDrive) return undefined;
  let reason = difference(pyodide, drive);
  try {
    if (!reason) return build(pyodide, drive, mountpoint, site);
  } catch (error) {
    reason = error;
  }
  console.warn(
    `litestate leaves JupyterLite's drive as it is (${reason}). ` +
      'SQLite and open files may not work in the folder of the notebook.',
  );
  return undefined;
}

/** The reason why the drive cannot be replaced, or undefined. */
function difference(pyodide, drive) {
  // Then the kernel has another way to the page, and no address for requests exists.
  if (globalThis.crossOriginIsolated) {
    return 'the page is cross-origin isolated, by its COOP and COEP headers';
  }
  const name = unexpected(pyodide, drive);
  return name && `${name} is not as expected in this version`;
}

/** The first function that differs from the versions that this was written for. */
function unexpected({ FS, ERRNO_CODES }, { API }) {
  const memory = FS.filesystems?.MEMFS;
  if (typeof ERRNO_CODES?.ENOENT !== 'number') return 'ERRNO_CODES';
  if (typeof memory?.createNode !== 'function') return 'MEMFS';
  for (const name of FS_FUNCTIONS) if (typeof FS[name] !== 'function') return `FS.${name}`;
  for (const [part, names] of Object.entries(MEMFS_FUNCTIONS)) {
    const absent = names.find((name) => typeof memory[part]?.[name] !== 'function');
    if (absent) return `MEMFS.${part}.${absent}`;
  }
  if (typeof API.endpoint !== 'string') return 'DriveFS.API.endpoint';
  if (typeof API.normalizePath !== 'function') return 'DriveFS.API.normalizePath';
  if (!API._browsingContextId) return 'DriveFS.API._browsingContextId';
  return undefined;
}

function build(pyodide, drive, mountpoint, { isTemporary = false }) {
  const { FS, ERRNO_CODES } = pyodide;
  const fail = (code) => {
    throw new FS.ErrnoError(ERRNO_CODES[code]);
  };
  const endpoint = new URL(drive.API.endpoint, location.href).href;
  const context = drive.API._browsingContextId;
  const prefix = drive.API.normalizePath(mountpoint);
  let isFree;
  const messages = [];
  const turn = oncePerTurn(() => {
    const wait = writeback.flushAll();
    if (wait !== undefined) setTimeout(turn, wait);
    files.release();
    files.forgetBelow(files.root);
    folders.doubt();
    if (!messages.length) return;
    if (say(pyodide, messages)) messages.length = 0;
    else setTimeout(turn, LATER);
  });
  // Files in memory are those of one page.
  const page = isTemporary ? context : '';
  const ledger = new Ledger(`${endpoint} ${prefix} ${page}`.trim(), isTemporary);
  const tell = (text) => messages.push(text);
  const remote = new Remote(endpoint, context, prefix, fail, turn, tell);
  const folders = new Folders(remote, ledger);
  const hooks = {
    turn,
    tell,
    isFree: (path) => {
      isFree ??= pyodide.runPython(IS_FREE, { globals: pyodide.toPy({}) });
      return isFree(`${mountpoint}/${path}`);
    },
  };
  const worker = new Worker(new URL('./worker.mjs', import.meta.url), { type: 'module' });
  worker.postMessage({ endpoint, context });
  const parts = { remote, ledger, folders };
  const writeback = new Writeback(worker, parts, hooks);
  const files = new DriveFiles(FS, fail, { ...parts, writeback, turn });
  const reads = new Reads(FS, mountpoint, ledger);
  const { chdir } = FS;
  // The kernel changes to the notebook's folder when it starts, and must start in any case.
  FS.chdir = function (path) {
    return remote.takingForFolders(() => chdir.call(this, path));
  };
  // JupyterLite has it in `API`, and others expect it there.
  return { API: drive.API, mount: () => files.mount(), litestate: { ...face(files, reads), isTemporary } };
}

/** The interface for litestate's Python side. */
function face({ ledger, writeback }, reads) {
  return {
    limit: LIMIT,
    ready: ledger.ready,
    written: () => ledger.written(),
    reads,
    has: (path, mtime) => ledger.has(path, mtime),
    own: (name) => ledger.own(name),
    writer: (path, mtime) => ledger.writer(path, mtime),
    touched: writeback.touched,
    unsaved: () => writeback.unsaved(),
    isSettled: () => writeback.isSettled(),
    settled: () => writeback.settled(),
  };
}

/** Make a function that schedules an action, once, for the next turn of the event loop. */
function oncePerTurn(action) {
  const { port1, port2 } = new MessageChannel();
  let isDue = false;
  port1.onmessage = () => {
    isDue = false;
    action();
  };
  return () => {
    if (!isDue) port2.postMessage(undefined);
    isDue = true;
  };
}

/** Whether a cell has begun; the page's own request, which comes first, shows no output. */
const HAS_CELL = `
import sys
requests = sys.modules.get("litestate.api.page_requests")
requests is None or requests.cells.begun > 0
`;

/**
 * Write lines into the output of the cell that runs, or ran last. Returns false if none has run:
 * before that, the kernel's stream leads nowhere.
 */
function say(pyodide, lines) {
  if (!pyodide.runPython(HAS_CELL, { globals: pyodide.toPy({}) })) return false;
  const sys = pyodide.pyimport('sys');
  const { stderr } = sys;
  try {
    if (stderr.publish_stream_callback == null) return false;
    stderr.write(lines.map((line) => `litestate: ${line}\n`).join(''));
    stderr.flush();
    return true;
  } finally {
    stderr.destroy();
    sys.destroy();
  }
}
