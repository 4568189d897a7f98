/**
 * The page's end of the channel to one kernel.
 *
 * Messages go over a BroadcastChannel, which every tab and worker of the site hears; so each carries
 * a nonce, which the page chooses for a kernel and tells it in its start request. A kernel reads a
 * message when its Python awaits, or when a cell has ended. `docs/front-end.md` has all messages.
 */

import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';

import type { IAnswer } from './tokens';
import { KernelError } from './tokens';

/** Name of the BroadcastChannel; `litestate/browser/form.py` has the same. */
const CHANNEL = 'litestate';

/** What a kernel tells the page unasked. */
export interface IPush {
  readonly type: string;
  readonly content: unknown;
}

/** A message of a kernel. */
interface IMessage {
  readonly nonce: string;
  readonly kernel?: boolean;
  readonly type: string;
  readonly id?: number;
  readonly content: string;
  readonly file?: Blob;
  readonly name?: string;
}

interface IPending {
  resolve(answer: IAnswer<unknown>): void;
  reject(error: Error): void;
}

/** A channel to one kernel. */
export class KernelChannel {
  constructor() {
    this._channel.onmessage = ({ data }: MessageEvent<IMessage>) => {
      if (data.nonce === this.nonce && data.kernel) {
        this._receive(data);
      }
    };
  }

  /** Name of the kernel in messages. */
  readonly nonce: string = crypto.randomUUID();

  /** Emitted when the kernel says something unasked. */
  get pushed(): ISignal<this, IPush> {
    return this._pushed;
  }

  /** Ask the kernel; see `INotebookState.ask`. */
  ask<T>(
    command: string,
    args: Record<string, unknown> = {},
    file?: Blob
  ): Promise<IAnswer<T>> {
    const id = this._asked++;
    return new Promise((resolve, reject) => {
      this._pending.set(id, {
        resolve: resolve as IPending['resolve'],
        reject
      });
      this._channel.postMessage({
        nonce: this.nonce,
        type: 'ask',
        id,
        command,
        args: JSON.stringify(args),
        ...(file && { file })
      });
    });
  }

  /** Close the channel; what has not been answered fails with a reason. */
  close(reason: string): void {
    this._channel.close();
    for (const { reject } of this._pending.values()) {
      reject(new Error(reason));
    }
    this._pending.clear();
    Signal.clearData(this);
  }

  private _receive({ type, id, content, file, name }: IMessage): void {
    const data: unknown = JSON.parse(content);
    if (id === undefined) {
      this._pushed.emit({ type, content: data });
      return;
    }
    const pending = this._pending.get(id);
    this._pending.delete(id);
    if (type === 'error') {
      const { name: kind, message } = data as { name: string; message: string };
      pending?.reject(new KernelError(kind, message));
    } else {
      pending?.resolve({ result: data, file, name });
    }
  }

  private readonly _channel = new BroadcastChannel(CHANNEL);
  private readonly _pushed = new Signal<this, IPush>(this);
  private readonly _pending = new Map<number, IPending>();
  private _asked = 0;
}
