/**
 * A JSON value as lines for people: objects as `name  value`, lists of objects as tables behind them, everything else on one line.
 * What is nested deeper than a table's cell is shown as JSON.
 */
export function formatValue(value: unknown): string[] {
  if (isTable(value)) return table(value);
  if (!isObject(value)) return [cell(value)];
  const width = Math.max(
    0,
    ...Object.keys(value)
      .filter((name) => !isTable(value[name]))
      .map((name) => name.length),
  );
  const entries = Object.entries(value);
  const tablesLast = [
    ...entries.filter(([, entry]) => !isTable(entry)),
    ...entries.filter(([, entry]) => isTable(entry)),
  ];
  return tablesLast.flatMap(([name, entry]) =>
    isTable(entry)
      ? [name, ...table(entry).map((line) => `  ${line}`)]
      : [`${name.padEnd(width)}  ${cell(entry)}`],
  );
}

type Row = Record<string, unknown>;

function isObject(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTable(value: unknown): value is Row[] {
  return Array.isArray(value) && value.length > 0 && value.every(isObject);
}

function table(rows: readonly Row[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => {
    const cells = rows.map((row) => (name in row ? cell(row[name]) : ''));
    const width = Math.max(name.length, ...cells.map((text) => text.length));
    const right = rows.every((row) => typeof row[name] === 'number');
    return [name, ...cells].map((text) => (right ? text.padStart(width) : text.padEnd(width)));
  });
  return [-1, ...rows.keys()].map((row) =>
    columns
      .map((column) => column[row + 1])
      .join('  ')
      .trimEnd(),
  );
}

function cell(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(inner).join(', ')}]`;
  return inner(value);
}

const inner = (value: unknown) => JSON.stringify(value) ?? '';
