/**
 * The last committed state of a SQLite database, from its file and what SQLite keeps beside it.
 *
 * The formats are those of https://www.sqlite.org/fileformat2.html: section 1.3 (the header),
 * 3 (the rollback journal) and 4 (the write-ahead log).
 */

const HEADER = new TextEncoder().encode('SQLite format 3\0');
const JOURNAL = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const WAL_LITTLE_ENDIAN = 0x377f0682;
const WAL_BIG_ENDIAN = 0x377f0683;

/** What SQLite keeps beside a database, by the end of its name. */
export const COMPANIONS = ['-journal', '-wal', '-shm'];

/** The name of the database that a name belongs to as a companion, or undefined. */
export function databaseOf(name) {
  const suffix = COMPANIONS.find((each) => name.endsWith(each) && name.length > each.length);
  return suffix && name.slice(0, -suffix.length);
}

/** Whether these bytes are a database. */
export function isDatabase(bytes) {
  return startsWith(bytes, HEADER);
}

/**
 * Whether a rollback journal holds what the database must be set back to: a transaction has
 * written into the database and is not finished. The header is written before the first page is,
 * and zeroed, cut off or deleted at the commit.
 */
export function isHot(journal) {
  return startsWith(journal, JOURNAL);
}

/**
 * The database with what its write-ahead log has committed, or undefined if that is nothing.
 *
 * @param database bytes of the database file
 * @param wal bytes of the write-ahead log
 */
export function merge(database, wal) {
  const frames = committed(wal);
  if (!frames) return undefined;
  const { pages, pageSize, count } = frames;
  const merged = new Uint8Array(count * pageSize);
  merged.set(database.subarray(0, merged.length));
  for (const [page, start] of pages) {
    if (page <= count) merged.set(wal.subarray(start, start + pageSize), (page - 1) * pageSize);
  }
  return merged;
}

/** Where the newest committed version of each page is in a log. */
function committed(wal) {
  if (wal.length < WAL_HEADER) return undefined;
  const view = new DataView(wal.buffer, wal.byteOffset, wal.length);
  const magic = view.getUint32(0);
  if (magic !== WAL_LITTLE_ENDIAN && magic !== WAL_BIG_ENDIAN) return undefined;
  const isLittle = magic === WAL_LITTLE_ENDIAN;
  const pageSize = view.getUint32(8);
  let sum = checksum(view, 0, 24, [0, 0], isLittle);
  if (!matches(view, 24, sum)) return undefined;

  const pages = new Map();
  let open = new Map();
  let count = 0;
  for (let at = WAL_HEADER; at + FRAME_HEADER + pageSize <= wal.length; at += FRAME_HEADER + pageSize) {
    const isOfThisLog =
      view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    if (!isOfThisLog) break;
    sum = checksum(view, at, 8, sum, isLittle);
    sum = checksum(view, at + FRAME_HEADER, pageSize, sum, isLittle);
    if (!matches(view, at + 16, sum)) break;
    open.set(view.getUint32(at), at + FRAME_HEADER);
    const size = view.getUint32(at + 4);
    if (!size) continue;
    count = size;
    for (const [page, start] of open) pages.set(page, start);
    open = new Map();
  }
  return count ? { pages, pageSize, count } : undefined;
}

/** Section 4.2 of the file format: checksums go on from the frame before. */
function checksum(view, start, length, [first, second], isLittle) {
  for (let at = start; at < start + length; at += 8) {
    first = (first + view.getUint32(at, isLittle) + second) >>> 0;
    second = (second + view.getUint32(at + 4, isLittle) + first) >>> 0;
  }
  return [first, second];
}

function matches(view, at, [first, second]) {
  return view.getUint32(at) === first && view.getUint32(at + 4) === second;
}

function startsWith(bytes, start) {
  return bytes.length >= start.length && start.every((byte, index) => bytes[index] === byte);
}
