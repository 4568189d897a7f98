/**
 * Names on the drive.
 *
 * JupyterLite's contents drive decodes its paths like addresses, some of them twice, so a `%` in a
 * name is lost, or an error that is never answered; JupyterLab can't open such a file either. It is
 * stored as the full-width percent sign.
 */

const PERCENT = /%/g;
const STORED_PERCENT = '\uFF05';

/** The name or path under which the drive stores a name or path of the kernel. */
export function stored(name) {
  return name.includes('%') ? name.replace(PERCENT, STORED_PERCENT) : name;
}

/** Whether another name of the kernel may have the same stored name. */
export function isAmbiguous(name) {
  return name.includes('%') || name.includes(STORED_PERCENT);
}

/** The path of something in a folder; the drive's own folder is the empty path. */
export function join(folder, name) {
  return folder ? `${folder}/${name}` : name;
}

/** The folder that a path is in, and its name there. */
export function split(path) {
  const end = path.lastIndexOf('/');
  return end < 0 ? ['', path] : [path.slice(0, end), path.slice(end + 1)];
}
