/** The request that starts autosave in a kernel, before any cell of the user. */

import type { Kernel } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';

import type { KernelChannel } from './channel';

/** Begin of the request; `litestate/api/page_requests.py` has the same. */
const PREFIX = '# litestate: ';

/** Milliseconds between the end of the request and its answer, which goes another way. */
const ANSWER_TIMEOUT = 3_000;

/** Milliseconds for which a kernel rests without a reply, after which the request is lost. */
const LOST = 2_000;

/** Return whether code that is sent to the kernel is a request, and not the user's. */
export function isRequest(code: string): boolean {
  return code.startsWith(`${PREFIX}{"nonce"`);
}

/**
 * Ask a kernel to start autosave.
 *
 * If the notebook was opened again while its kernel runs a cell, the request waits for that cell.
 * When the cell fails or is interrupted, the kernel forgets what waits; then it is sent again.
 *
 * @param kernel The kernel.
 * @param channel A channel for its answer.
 * @param facts What to tell the kernel.
 * @returns The kernel's answer, or null if it has none.
 */
export async function requestStart<T>(
  kernel: Kernel.IKernelConnection,
  channel: KernelChannel,
  facts: Record<string, unknown>
): Promise<T | null> {
  const code = PREFIX + JSON.stringify({ nonce: channel.nonce, ...facts });
  const answer = new PromiseDelegate<T | null>();
  let isReplied = false;
  let timer = -1;
  const send = () => {
    const content = {
      code,
      silent: true,
      store_history: false,
      allow_stdin: false,
      stop_on_error: false
    };
    kernel.requestExecute(content, true).done.then(
      ({ content: { status } }) => {
        // Litestate's part of the kernel never replies with an error.
        if (status === 'error') {
          send();
          return;
        }
        isReplied = true;
        setTimeout(() => answer.resolve(null), ANSWER_TIMEOUT);
      },
      () => answer.resolve(null)
    );
  };
  const statusChanged = (_: unknown, status: Kernel.Status) => {
    clearTimeout(timer);
    if (status === 'idle' && !isReplied) {
      timer = window.setTimeout(send, LOST);
    }
  };
  channel.pushed.connect((_, { type, content }) => {
    if (type === 'started') {
      answer.resolve(content as T);
    }
  });
  kernel.statusChanged.connect(statusChanged);
  // Sent at once, for what is sent first runs first.
  send();
  try {
    return await answer.promise;
  } finally {
    isReplied = true;
    clearTimeout(timer);
    kernel.statusChanged.disconnect(statusChanged);
  }
}
