/**
 * The records of files that kernels wrote and read, which `kernel/drive/ledger.mjs` keeps in
 * IndexedDB: a database for each drive of a site.
 */

/** The part of `indexedDB` that is used. */
export type IDatabases = Pick<IDBFactory, 'databases' | 'open'>;

/** Return whether a database has the records of a site's drive. */
export function isLedger(database: string, site: string): boolean {
  // Another site may be in a folder of this one.
  return `${database} `.startsWith(`litestate drive ${site}api/drive `);
}

/** Empty all records of a site. The databases stay: other tabs may have them open. */
export async function clearLedgers(
  site: string,
  factory: IDatabases
): Promise<void> {
  for (const { name } of await factory.databases()) {
    if (name && isLedger(name, site)) {
      await clear(await done(factory.open(name)));
    }
  }
}

async function clear(database: IDBDatabase): Promise<void> {
  try {
    const stores = [...database.objectStoreNames];
    if (stores.length) {
      const transaction = database.transaction(stores, 'readwrite');
      stores.forEach(store => transaction.objectStore(store).clear());
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
    }
  } finally {
    database.close();
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
