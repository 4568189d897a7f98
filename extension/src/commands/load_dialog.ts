/** The dialog before a bundle is loaded: what it is, what would change, and what waits for trust. */

import type { TranslationBundle } from '@jupyterlab/translation';

import {
  reportElements,
  sectionElements,
  skippedElements
} from '../report_dialog';
import type { IReport, ISkipped } from '../reports';
import { sizeText } from '../text';
import type { ILook, Maker } from './answers';
import { ask } from './dialogs';
import { element, foldedElement, inputElement, nameElement } from './elements';
import { whenText } from './texts';

/** What the user has decided. */
export interface IChoice {
  /** Whether the bundle may run its code. */
  readonly trust: boolean;
}

/**
 * Ask whether to load a bundle.
 *
 * @returns What the user has decided, or null if nothing is to be loaded.
 */
export function askAboutBundle(
  name: string,
  look: ILook,
  trans: TranslationBundle
): Promise<IChoice | null> {
  const { waiting, can_trust: canTrust, changes, contents, missing } = look;
  const trust = inputElement(
    trans.__(
      'Load these as well, and run their code. Do so only if this file is yours, or if you would run any code of whoever made it.'
    ),
    { type: 'checkbox' }
  );
  const content = [
    factsElement(name, look, trans),
    makerElement(look.made, trans),
    element('h3', {}, trans.__('What loading changes')),
    element('p', {}, changes.headline),
    ...(waiting.length
      ? [
          element('h3', {}, trans.__('What waits for your trust')),
          // The checkbox below is what to do.
          ...skippedElements(waiting.map(item => ({ ...item, advice: '' }))),
          canTrust
            ? trust.label
            : element('p', {}, trans.__('Here, no code of a file may run.'))
        ]
      : []),
    foldedElement(
      trans.__('All changes'),
      reportElements(without(changes, waiting), trans)
    ),
    foldedElement(
      trans.__('All that is in the file'),
      contents.flatMap(section => sectionElements(section, trans))
    ),
    ...(missing.length
      ? [
          foldedElement(
            trans.__('What was left out when it was saved'),
            skippedElements(missing)
          )
        ]
      : [])
  ];
  return ask<IChoice>(
    {
      title: trans.__('Load State'),
      content,
      accept: trans.__('Load'),
      value: () => ({ trust: trust.input.checked })
    },
    trans
  );
}

/** Return a report without what is shown elsewhere. */
function without(report: IReport, shown: readonly ISkipped[]): IReport {
  const paths = new Set(shown.map(({ path }) => path));
  const sections = report.sections.map(section => ({
    ...section,
    skipped: section.skipped.filter(({ path }) => !paths.has(path))
  }));
  return { ...report, sections };
}

/** Return what made a bundle. */
function madeWith({ litestate, python, platform }: ILook['generator']): string {
  return [
    litestate && `litestate ${litestate}`,
    python && `Python ${python}`,
    platform
  ]
    .filter(text => text)
    .join(', ');
}

/** Return what the bundle says about itself. */
function factsElement(
  name: string,
  look: ILook,
  trans: TranslationBundle
): HTMLElement {
  const { size, created, notebook, generator } = look;
  const seconds = Date.parse(created) / 1000;
  const facts: [string, Node | string][] = [
    [
      trans.__('File'),
      element('span', {}, nameElement(name), ` (${sizeText(size)})`)
    ],
    [trans.__('Saved'), Number.isNaN(seconds) ? '' : whenText(seconds)],
    [trans.__('Notebook'), nameElement(notebook ?? '')],
    [trans.__('With'), nameElement(madeWith(generator))]
  ];
  return element(
    'dl',
    { class: 'litestate-facts' },
    ...facts
      .filter(([, fact]) =>
        typeof fact === 'string' ? fact : fact.textContent
      )
      .flatMap(([term, fact]) => [
        element('dt', {}, term),
        element('dd', {}, fact)
      ])
  );
}

/** Return whose the bundle is. */
function makerElement(made: Maker, trans: TranslationBundle): HTMLElement {
  const texts: Record<Maker, string> = {
    own: trans.__('You made it: it is signed by this browser.'),
    stranger: trans.__(
      'It was made in another browser: yours on another computer, or someone else’s.'
    ),
    unsigned: trans.__('It is not signed: nobody knows who made it.')
  };
  return element(
    'p',
    { class: `litestate-maker litestate-maker-${made}` },
    texts[made]
  );
}
