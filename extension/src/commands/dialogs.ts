/** Dialogs whose content is made of plain elements. */

import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { element } from './elements';

/** What a dialog shows, and what it asks. */
export interface IQuestion<T> {
  readonly title: string;
  readonly content: readonly Node[];

  /** Label of the button that does it. */
  readonly accept: string;

  /** Whether something is lost then. */
  readonly isDangerous?: boolean;

  /** What has the focus at first: a selector below the content. */
  readonly focus?: string;

  /** Returns the user's answer when the dialog is accepted. */
  value(): T;
}

/** The content of a dialog. */
class Body<T> extends Widget {
  constructor(
    content: readonly Node[],
    readonly getValue: () => T
  ) {
    super({
      node: element(
        'div',
        { class: 'litestate-dialog' },
        ...(content as Node[])
      )
    });
  }

  protected override onAfterAttach(_: Message): void {
    window.addEventListener('keydown', this._onKey, true);
  }

  protected override onBeforeDetach(_: Message): void {
    window.removeEventListener('keydown', this._onKey, true);
  }

  /** Enter on a summary unfolds it; dialogs of JupyterLab would accept. */
  private readonly _onKey = (event: KeyboardEvent) => {
    const { activeElement } = document;
    const isSummary = activeElement?.matches('.litestate-dialog summary');
    if (event.key === 'Enter' && isSummary) {
      event.preventDefault();
      event.stopPropagation();
      (activeElement as HTMLElement).click();
    }
  };
}

/**
 * Ask the user.
 *
 * @returns The answer, or null if the user has canceled.
 */
export async function ask<T>(
  question: IQuestion<T>,
  trans: TranslationBundle
): Promise<T | null> {
  const { title, accept, isDangerous, content, focus } = question;
  const button = isDangerous ? Dialog.warnButton : Dialog.okButton;
  const dialog = new Dialog<T>({
    title,
    body: new Body(content, () => question.value()),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      button({ label: accept })
    ],
    // Nothing dangerous happens because of a key that was meant for the notebook.
    defaultButton: isDangerous ? 0 : 1,
    ...(focus && { focusNodeSelector: focus })
  });
  dialog.node.ariaLabel = title;
  const { button: pressed, value } = await dialog.launch();
  return pressed.accept ? value : null;
}

/** Show something that the user can only close. */
export async function showMessage(
  title: string,
  content: readonly Node[],
  trans: TranslationBundle
): Promise<void> {
  const dialog = new Dialog<null>({
    title,
    body: new Body(content, () => null),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
  dialog.node.ariaLabel = title;
  await dialog.launch();
}
