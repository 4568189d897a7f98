"""The key that signs bundles in the site, which never leaves the browser."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from pyodide.code import run_js
from pyodide.ffi import JsException, to_js

from ..errors import NoKeyError

PATIENCE = 10.0
"""Seconds to wait for the browser's database, which opens in milliseconds or never."""

DATABASE = "litestate"
"""Name of the IndexedDB database. All sites of one origin share it, with the key."""

_ID = re.compile("[0-9a-f]{32}")

# The new key is made before the transaction, which would end during the wait. Transactions of two
# tabs follow each other, so the second one finds the key of the first.
_LOAD = """
async (name, create) => {
  if (!globalThis.crypto?.subtle) throw new Error("it has no Web Cryptography for this page");
  if (!globalThis.indexedDB) throw new Error("it has no IndexedDB for this page");
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("keys");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const transact = (mode, work) => new Promise((resolve, reject) => {
    const transaction = database.transaction("keys", mode, { durability: "strict" });
    let found;
    transaction.oncomplete = () => resolve(found);
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore("keys"), (value) => { found = value; });
  });
  const get = (store, then) => {
    const request = store.get("signing");
    request.onsuccess = () => then(request.result);
  };
  try {
    const found = await transact("readonly", get);
    if (found || !create) return found;
    const id = [...crypto.getRandomValues(new Uint8Array(16))];
    const fresh = {
      id: id.map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      key: await crypto.subtle.generateKey(
        { name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign", "verify"]),
    };
    return await transact("readwrite", (store, found) => get(store, (other) => {
      if (!other) store.add(fresh, "signing");
      found(other ?? fresh);
    }));
  } finally {
    database.close();
  }
}
"""

_SIGN = """
async (key, data) => {
  const made = new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
  return [...made].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
"""

_VERIFY = "(key, data, signature) => crypto.subtle.verify('HMAC', key, signature, data)"


@dataclass(frozen=True)
class BrowserKey:
    """A key of the browser's; see `signature.Key`.

    Attributes
    ----------
    id : str
        Name of the key.
    handle : CryptoKey
        The key, which can sign and cannot be exported.
    """

    id: str
    handle: Any

    async def sign(self, data: bytes) -> str:
        """Return the HMAC-SHA-256 of data in hexadecimal digits."""
        return str(await _answer(run_js(_SIGN)(self.handle, to_js(data))))

    async def verify(self, data: bytes, hmac_sha256: str) -> bool:
        """Tell whether this is what `sign` returns."""
        signature = to_js(bytes.fromhex(hmac_sha256))
        return bool(await _answer(run_js(_VERIFY)(self.handle, to_js(data), signature)))


async def load_key(*, create: bool) -> BrowserKey | None:
    """Return the key of this browser for this origin.

    Parameters
    ----------
    create : bool
        Whether to make a key if the browser has no key yet. Tabs that do so at the same time
        get the same key.

    Raises
    ------
    NoKeyError
        If the browser cannot store a key, or does not allow it.
    """
    found = await _answer(run_js(_LOAD)(DATABASE, create))
    if found is None:
        return None
    name = str(getattr(found, "id", ""))
    if not _ID.fullmatch(name):
        raise NoKeyError("the key that this browser has stored is damaged")
    return BrowserKey(name, found.key)


async def _answer(promise: Any) -> Any:
    try:
        return await asyncio.wait_for(promise, PATIENCE)
    except TimeoutError:
        raise NoKeyError("the browser's storage for the key did not answer") from None
    except JsException as error:
        raise NoKeyError(f"this browser cannot keep or use a key ({error.message})") from None
