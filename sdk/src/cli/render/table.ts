/** Tables as kubectl prints them: columns three spaces apart, upper-case headings, `<none>` for nothing. */
import type { Paint, Tone } from './paint.js';
import { printable } from './printable.js';

export interface Column<Row> {
  readonly heading: string;
  readonly text: (row: Row) => string;
  readonly tone?: (row: Row) => Tone | undefined;
}

export interface TableOptions {
  readonly headers: boolean;
  readonly paint: Paint;
}

const GAP = 3;

/** The widths the columns need for `rows`, headings included where they are shown. */
export function columnWidths<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { headers }: Pick<TableOptions, 'headers'>,
): number[] {
  return columns.map((column) =>
    Math.max(headers ? column.heading.length : 0, ...rows.map((row) => cell(column, row).length)),
  );
}

/** Lines of a table. `widths` are given where rows are added later to a table already shown. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: TableOptions,
  widths = columnWidths(columns, rows, options),
): string[] {
  const line = (cells: readonly { text: string; tone?: Tone | undefined }[]) =>
    cells
      .map(({ text, tone }, index) => {
        const isLast = index === cells.length - 1;
        return options.paint(tone, text) + (isLast ? '' : ' '.repeat(padding(widths[index], text)));
      })
      .join('');
  const heading = line(columns.map((column) => ({ text: column.heading })));
  const body = rows.map((row) =>
    line(columns.map((column) => ({ text: cell(column, row), tone: column.tone?.(row) }))),
  );
  return options.headers ? [heading, ...body] : body;
}

function padding(width = 0, text: string): number {
  return Math.max(width - text.length, 0) + GAP;
}

function cell<Row>(column: Column<Row>, row: Row): string {
  const text = printable(column.text(row));
  return text === '' ? '<none>' : text;
}
