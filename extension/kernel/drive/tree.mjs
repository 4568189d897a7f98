/**
 * Names in folders: the operations of a folder's node.
 *
 * A node that is found has no bytes yet; one that is made, renamed or deleted is handed to the
 * write-back. Of a rename, the drive deletes the old name when the new one is stored.
 */

import { databaseBeside } from './committed.mjs';
import { isAmbiguous, join, split, stored } from './names.mjs';

export class Tree {
  /** @param files the file system, which makes and fills the nodes */
  constructor(files) {
    this.files = files;
    const { FS, memory, fail, folders, ledger, writeback, turn } = files;
    Object.assign(this, { FS, memory, fail, folders, ledger, writeback, turn });
  }

  /** Emscripten's operations for a folder. */
  nodeOps() {
    return {
      lookup: (parent, name) => this.lookup(parent, name),
      readdir: (folder) => this.list(folder),
      getattr: (folder) => {
        folder.mtime = folder.ctime = this.folders.mtime(folder.drive.path);
        return this.memory.node_ops.getattr(folder);
      },
      setattr: (folder, { mode, mtime }) => {
        if (mode !== undefined) {
          folder.mode = mode;
          this.ledger.note(folder.drive.path, { mode });
        }
        if (mtime != null) this.folders.of(folder.drive.path).mtime = mtime;
      },
      mknod: (parent, name, mode, device) => this.make(parent, name, mode, device),
      rename: (node, folder, name) => this.rename(node, folder, name),
      unlink: (parent, name) => this.unlink(parent, name),
      rmdir: (parent, name) => this.removeFolder(parent, name),
      symlink: () => this.fail('EPERM'),
    };
  }

  /** A child that has a node, or one whose name is stored as the same name. */
  child(parent, name) {
    if (parent.contents[name] || !isAmbiguous(name)) return parent.contents[name];
    return Object.values(parent.contents).find((each) => stored(each.name) === stored(name));
  }

  lookup(parent, name) {
    const other = this.child(parent, name);
    if (other) return other;
    const mode = this.folders.mode(parent.drive.path, name);
    if (mode === undefined) this.fail('ENOENT');
    return this.files.found(parent, name, mode);
  }

  list(folder) {
    const { path } = folder.drive;
    const names = this.folders.names(path);
    for (const name of names) {
      if (folder.contents[name]) continue;
      const mode = this.folders.of(path).modes.get(name) ?? this.folders.mode(path, name);
      if (mode !== undefined) this.files.found(folder, name, mode);
    }
    return ['.', '..', ...Object.keys(folder.contents)];
  }

  make(parent, name, mode, device) {
    const path = join(parent.drive.path, name);
    if (!this.FS.isDir(mode) && !this.FS.isFile(mode)) this.fail('EPERM');
    const node = this.files.adopt(this.memory.createNode(parent, name, mode, device), path);
    this.folders.made(path, mode);
    this.turn();
    if (this.FS.isDir(mode)) {
      this.writeback.makeFolder(path);
    } else {
      node.drive.isLoaded = true;
      this.writeback.changed(node);
    }
    return node;
  }

  unlink(parent, name) {
    const node = this.child(parent, name);
    const state = node.drive;
    this.memory.node_ops.unlink(parent, node.name);
    const wasCompanion = databaseBeside(node) !== undefined;
    this.files.detach(node);
    if (wasCompanion) this.writeback.journalEnded(node);
    this.lose(state);
    this.turn();
  }

  /** Delete a file's name from the drive, if the drive may have it. */
  lose(state, needs = []) {
    if (state.isOnDrive || state.posted !== 0) {
      this.writeback.remove(state.path, needs);
    } else {
      this.ledger.forget(state.path);
      this.writeback.touched.add(state.path);
      this.folders.of(split(state.path)[0]).mtime = Date.now();
    }
  }

  removeFolder(parent, name) {
    const node = this.child(parent, name);
    if (!this.isEmpty(node)) this.fail('ENOTEMPTY');
    delete parent.contents[node.name];
    this.writeback.remove(node.drive.path);
    this.turn();
  }

  isEmpty({ contents, drive: { path } }) {
    // The page deletes everything in it, including new uploads.
    this.folders.doubt(path);
    return !Object.keys(contents).length && !this.folders.names(path).length;
  }

  rename(node, folder, name) {
    const replaced = this.child(folder, name);
    if (replaced?.contents && this.FS.isDir(replaced.mode) && !this.isEmpty(replaced)) {
      this.fail('ENOTEMPTY');
    }
    // The drive's own rename is of no use for names with `%`, and open to races.
    try {
      this.loadAll(node);
    } catch (error) {
      // Emscripten puts the node back into its table; under this name it is never found.
      if (node.drive.isGone) node.name = '';
      throw error;
    }
    const before = { ...node.drive };
    const { atime, mtime, ctime } = node;
    if (replaced) {
      this.files.detach(replaced);
      delete folder.contents[replaced.name];
      // Emscripten only takes it out of its table under the name that it was asked for.
      if (replaced.name !== name) this.FS.destroyNode(replaced);
      if (this.FS.isDir(replaced.mode)) this.writeback.remove(replaced.drive.path);
    }
    this.memory.node_ops.rename(node, folder, name);
    node.parent = folder;
    Object.assign(node, { atime, mtime, ctime });
    this.moved(node, join(folder.drive.path, name));
    if (this.FS.isDir(node.mode)) this.writeback.remove(before.path, this.filesBelow(node));
    else this.lose(before, [node]);
    this.turn();
  }

  /** Read all files below a folder that is renamed: they are stored anew. */
  loadAll(node) {
    if (!this.FS.isDir(node.mode)) {
      if (!node.drive.opens) this.files.check(node);
      this.files.load(node);
      return;
    }
    this.folders.doubt(node.drive.path);
    this.list(node);
    Object.values(node.contents).forEach((each) => this.loadAll(each));
  }

  filesBelow(node) {
    if (!this.FS.isDir(node.mode)) return [node];
    return Object.values(node.contents).flatMap((each) => this.filesBelow(each));
  }

  /** Store something under its new path. */
  moved(node, path) {
    const state = node.drive;
    state.path = path;
    this.folders.made(path, node.mode);
    if (this.FS.isDir(node.mode)) {
      this.writeback.makeFolder(path);
      Object.values(node.contents).forEach((each) => this.moved(each, join(path, each.name)));
      return;
    }
    Object.assign(state, { isOnDrive: false, mtime: undefined, isNoted: false });
    const { isUnsettled } = state;
    this.writeback.changed(node);
    state.isUnsettled = isUnsettled;
    this.writeback.flush(node, true);
  }
}
