/**
 * The requests that the page understands: those of JupyterLite's drive, answered through its service worker.
 *
 * An error in the page is never answered (the promise behind it is rejected, and never
 * sent), so every request has a time limit, and none is made that is expected to fail there.
 * See `DriveContentsProcessor` in `@jupyterlite/services`.
 */

export const FOLDER_MODE = 0o040777;

/**
 * The most bytes of one file. The page handles all of it as one base64 text, of which IndexedDB
 * takes 127 MiB in a private window of Chromium (95.25 MiB of bytes, measured in version 156). On
 * disk it takes more, until the page crashes at 192 MiB, but each access to a file reads all of it.
 */
export const LIMIT = 95 * 2 ** 20;

/** The text of a request about something at an address, which is a path of the contents API. */
export function encode(context, method, address, data) {
  const requestId = crypto.randomUUID();
  const request = { method, path: address, data, requestId };
  return JSON.stringify({ data: request, browsingContextId: context, requestId });
}

/** Milliseconds since 1970 of the time in an answer. */
export function time(text) {
  return text ? new Date(text).getTime() : 0;
}

/** Bytes from base64 text; browsers that have no `fromBase64` take the long way. */
export function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
  return bytes;
}

/** Base64 text of bytes. */
export function toBase64(bytes) {
  if (bytes.toBase64) return bytes.toBase64();
  const url = new FileReaderSync().readAsDataURL(new Blob([bytes]));
  return url.slice(url.indexOf(',') + 1);
}
