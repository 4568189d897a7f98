/** Export Tables…: DataFrames and tables of databases, for spreadsheets. */

import type { TranslationBundle } from '@jupyterlab/translation';
import { spreadsheetIcon } from '@jupyterlab/ui-components';

import type { IReport } from '../reports';
import { download } from '../download';
import type { IPlace } from './adding';
import { addCommand } from './adding';
import { ask } from './dialogs';
import { element, inputElement } from './elements';
import { canAsk } from './enabled';
import { CommandIDs } from './ids';

type Format = 'csv' | 'xlsx';

/** Add the command that downloads tables as CSV files or for Excel. */
export function addExport(place: IPlace): void {
  const { trans } = place;
  addCommand(place, {
    id: CommandIDs.export,
    label: trans.__('Export Tables…'),
    caption: trans.__(
      'Download DataFrames and databases as CSV files or for Excel'
    ),
    icon: spreadsheetIcon,
    isEnabled: canAsk,
    args: {
      format: {
        type: 'string',
        enum: ['csv', 'xlsx'],
        description: 'Form of the tables; the user is asked by default'
      }
    },
    run: async (state, args) => {
      const format = (args.format as Format) ?? (await askFormat(trans));
      if (!format) {
        return;
      }
      const { askKernel, notifyDone } = await import('./asking');
      const answer = await askKernel<IReport>(
        state,
        {
          command: 'export',
          args: { format },
          doing: trans.__('Exporting the tables…'),
          failed: trans.__('The tables were not exported')
        },
        trans
      );
      if (answer?.file) {
        const { file, name = '', result } = answer;
        download(file, name);
        notifyDone(result.headline, result, trans.__('Exported Tables'), trans);
      }
    }
  });
}

/** Ask in which form the user wants the tables. */
function askFormat(trans: TranslationBundle): Promise<Format | null> {
  const option = (value: Format, label: string) =>
    inputElement(label, { type: 'radio', name: 'litestate-format', value });
  const csv = option('csv', trans.__('CSV files, together in a ZIP archive'));
  const xlsx = option('xlsx', trans.__('An Excel workbook (.xlsx)'));
  csv.input.checked = true;
  return ask<Format>(
    {
      title: trans.__('Export Tables'),
      content: [
        element(
          'p',
          {},
          trans.__(
            'All DataFrames and all tables of SQLite databases are exported.'
          )
        ),
        element(
          'fieldset',
          {},
          element('legend', {}, trans.__('Format')),
          csv.label,
          xlsx.label
        )
      ],
      accept: trans.__('Export'),
      focus: 'input:checked',
      value: () => (xlsx.input.checked ? 'xlsx' : 'csv')
    },
    trans
  );
}
