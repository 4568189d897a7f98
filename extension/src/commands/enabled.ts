/** Which commands can work on a notebook. */

import type { INotebookState, Status } from '../tokens';

/** Return whether a kernel of litestate answers questions. */
export function canAsk({ status }: { readonly status: Status }): boolean {
  // Without a reason, only the automatic saving is off.
  return status.kind === 'off' ? !status.reason : status.kind !== 'restoring';
}

/** Return whether this tab may change the notebook's history; otherwise another one does. */
export function canChange(state: { readonly status: Status }): boolean {
  return canAsk(state) && state.status.kind !== 'readonly';
}

/** Tells whether a command can work on a notebook. */
export type IsEnabled = (state: INotebookState) => boolean;
