/**
 * The last committed state of a SQLite database, from its file and SQLite's files beside it.
 *
 * The formats are those of https://www.sqlite.org/fileformat2.html: section 1.3 (the header),
 * 3 (the rollback journal) and 4 (the write-ahead log).
 */

const HEADER = new TextEncoder().encode('SQLite format 3\0');
const JOURNAL = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
const JOURNAL_HEADER = 28;
const UNCOUNTED = 0xffffffff;
const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const WAL_LITTLE_ENDIAN = 0x377f0682;
const WAL_BIG_ENDIAN = 0x377f0683;

/** Suffixes of SQLite's files beside a database. */
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

/** Whether these bytes are a database, or one whose first page is not written yet. */
export function mayBeDatabase(bytes) {
  if (isDatabase(bytes)) return true;
  return bytes.length > HEADER.length && HEADER.every((_, index) => bytes[index] === 0);
}

/**
 * Whether a rollback journal is hot: a transaction has written into the database and is not
 * finished. The header is written before the first page is,
 * and zeroed, cut off or deleted at the commit.
 */
export function isHot(journal) {
  return startsWith(journal, JOURNAL);
}

/**
 * The database as it was before the transaction that a hot journal belongs to.
 *
 * @param database bytes of the database file
 * @param journal bytes of the hot rollback journal
 */
export function rollBack(database, journal) {
  const view = new DataView(journal.buffer, journal.byteOffset, journal.length);
  const [pages, sector, pageSize] = [16, 20, 24].map((at) => view.getUint32(at));
  const before = new Uint8Array(pages * pageSize);
  before.set(database.subarray(0, before.length));
  // A header for each time that SQLite had to write into the database.
  for (let header = 0; isHot(journal.subarray(header)); ) {
    let at = header + sector;
    const fits = Math.floor((journal.length - at) / (pageSize + 8));
    const count = view.getUint32(header + 8);
    for (let left = count === UNCOUNTED ? fits : Math.min(count, fits); left > 0; left--) {
      const page = view.getUint32(at);
      const content = journal.subarray(at + 4, at + 4 + pageSize);
      const sum = view.getUint32(at + 4 + pageSize);
      if (sum !== journalChecksum(content, view.getUint32(header + 12))) return before;
      if (page <= pages) before.set(content, (page - 1) * pageSize);
      at += pageSize + 8;
    }
    header = Math.ceil(at / sector) * sector;
    if (header + JOURNAL_HEADER > journal.length) break;
  }
  return before;
}

/** Every 200th byte from the end, and the header's nonce. */
function journalChecksum(content, nonce) {
  let sum = nonce;
  for (let at = content.length - 200; at > 0; at -= 200) sum += content[at];
  return sum >>> 0;
}

/**
 * The database with the commits of its write-ahead log, or undefined if the log has none.
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

/** The offset of the newest committed version of each page in a log. */
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
