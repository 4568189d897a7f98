/** The number of cells that were sent to a kernel: what the status compares with what is stored. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { isRequest } from './start_request';

/** Counts the cells that are sent to a kernel, from consoles and other views too. */
export class SentCells {
  /**
   * @param _kernel The kernel.
   * @param _begun Returns how many cells have begun, as far as the kernel has said.
   * @param _sent Called when a cell was sent.
   */
  constructor(
    private readonly _kernel: Kernel.IKernelConnection,
    private readonly _begun: () => number,
    private readonly _sent: () => void
  ) {
    _kernel.anyMessage.connect(this._count, this);
  }

  /** Number of cells, those included that began before this page was connected to the kernel. */
  count = 0;

  dispose(): void {
    this._kernel.anyMessage.disconnect(this._count, this);
  }

  private _count(
    _: Kernel.IKernelConnection,
    { msg, direction }: Kernel.IAnyMessageArgs
  ): void {
    const isOwn = direction === 'send';
    const type = isOwn ? 'execute_request' : 'execute_input';
    if (msg.header.msg_type !== type) {
      return;
    }
    const id = isOwn
      ? msg.header.msg_id
      : (msg.parent_header as KernelMessage.IHeader).msg_id;
    const { code } = msg.content as { code: string };
    if (isRequest(code) || this._own.has(id)) {
      return;
    }
    if (isOwn) {
      this._own.add(id);
    }
    this.count = Math.max(this.count, this._begun()) + 1;
    this._sent();
  }

  private readonly _own = new Set<string>();
}
