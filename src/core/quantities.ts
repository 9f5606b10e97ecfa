/** Decimal number, then one of Kubernetes' suffixes or an exponent. */
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([KMGTPE]i)|([numkMGTPE])|([eE][+-]?\d{1,3}))?$/;

/** What Dask accepts: decimal number, space, unit in any case. */
const SIZE = /^((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?) *([kmgtp]?i?b?)$/;

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL = new Map([
  ['n', 1e-9],
  ['u', 1e-6],
  ['m', 1e-3],
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['P', 1e15],
  ['E', 1e18],
]);
const SIZE_LETTERS = 'bkmgtp';

/** A Kubernetes quantity (`500m`, `2Gi`, `1.5`, `1e3`, 2) as a number; undefined when it is none. */
export function parseQuantity(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  const match = QUANTITY.exec(value);
  if (match === null) return undefined;
  const [, digits, binary, decimal, exponent] = match;
  if (exponent !== undefined) return Number(`${digits}${exponent}`);
  const factor = binary === undefined ? (DECIMAL.get(decimal ?? '') ?? 1) : 1024 ** BINARY.indexOf(binary);
  return Number(digits) * factor;
}

/**
 * A size in bytes as Dask writes it, units in any case: `4 GB`, `4GiB`, `4Gi`, `4e9`, 4000000000. `500m` are 500 MB as
 * in Dask, not half a byte as in Kubernetes. Undefined when it is none.
 */
export function parseSize(value: string | number): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
  const match = SIZE.exec(value.trim().toLowerCase());
  const [, digits, unit] = match ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  if (unit === 'i' || unit === 'ib') return undefined;
  const power = SIZE_LETTERS.indexOf(unit.charAt(0) || 'b');
  return Math.floor(Number(digits) * (unit.includes('i') ? 1024 : 1000) ** power);
}

/** Bytes as a Kubernetes quantity, in the largest binary unit that says it exactly. */
export function formatBytes(bytes: number): string {
  let power = 0;
  let rest = bytes;
  while (rest > 0 && rest % 1024 === 0 && power < BINARY.length - 1) {
    rest /= 1024;
    power++;
  }
  return `${rest}${BINARY[power]}`;
}
