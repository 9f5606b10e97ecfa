export interface Summary {
  min: number;
  median: number;
  max: number;
}

/** Of at least one number. The median of an even count is the mean of the middle two. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const half = Math.floor(sorted.length / 2);
  return {
    min: at(0),
    median: sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2,
    max: at(sorted.length - 1),
  };
}

/** `1.87`, or `0.012` below a tenth. */
export function seconds(value: number): string {
  return value.toFixed(Math.abs(value) < 0.1 ? 3 : 2);
}

/** `1.80  1.87  2.03`: least, median, most. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return '–';
  const { min, median, max } = summarise(values);
  return [min, median, max].map((value) => seconds(value).padStart(6)).join(' ');
}

/** Rows as lines, the columns aligned: the first to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
