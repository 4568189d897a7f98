/** Reports of the kernel as HTML, and as a dialog. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { sizeText } from './text';
import {
  element,
  listElements,
  nameElement,
  rowElement
} from './commands/elements';
import { showMessage } from './commands/dialogs';

import type { IReport, IReportLine, IReportSection, ISkipped } from './reports';

/** Kinds of lines whose size says nothing. */
const WITHOUT_SIZE = new Set(['directory', 'symlink', 'package', 'session']);

/** Return a report as HTML, without its headline. */
export function reportElements(
  report: IReport,
  trans: TranslationBundle
): HTMLElement[] {
  const sections = report.sections.filter(({ count }) => count);
  const skipped = report.sections.flatMap(section => section.skipped);
  const warnings = report.sections.flatMap(section => section.warnings);
  return [
    ...(skipped.length ? [element('h3', {}, report.skipped_title)] : []),
    ...skippedElements(skipped),
    ...listElements(warnings, 'litestate-list litestate-warnings'),
    ...sections.flatMap(section => sectionElements(section, trans)),
    ...report.notes.map(note => element('p', {}, note))
  ];
}

/** Return what was left out, why, and what to do. */
export function skippedElements(skipped: readonly ISkipped[]): HTMLElement[] {
  return listElements(
    skipped.map(({ path, reason, advice }) => {
      const why = [reason, advice].filter(text => text).join('. ');
      return element('span', {}, nameElement(path), why && `: ${why}`);
    })
  );
}

/** Show a report of the kernel as a dialog. */
export async function showReport(
  report: IReport,
  title: string,
  trans: TranslationBundle
): Promise<void> {
  await showMessage(
    title,
    [element('p', {}, report.headline), ...reportElements(report, trans)],
    trans
  );
}

/** Return a section of a report as HTML. */
export function sectionElements(
  section: IReportSection,
  trans: TranslationBundle
): HTMLElement[] {
  const { title, lines, count, size } = section;
  const total = size ? `${count}, ${sizeText(size)}` : String(count);
  const more = count - lines.length;
  return [
    element('h3', {}, `${title} (${total})`),
    element(
      'table',
      { class: 'litestate-lines' },
      element('tbody', {}, ...lines.map(lineElement))
    ),
    ...(more > 0
      ? [element('p', {}, trans.__('… and %1 more', more.toLocaleString()))]
      : [])
  ];
}

function lineElement(line: IReportLine): HTMLElement {
  const { label, kind, size, detail, verdict } = line;
  const row = rowElement(
    nameElement(kind === 'directory' ? `${label}/` : label),
    WITHOUT_SIZE.has(kind) ? '' : sizeText(size),
    nameElement(detail)
  );
  if (verdict) {
    row.prepend(element('td', { class: `litestate-${verdict}` }, verdict));
  }
  return row;
}
