/** No set of ordinals is larger; no ordinal is as large as the second. What a status claims beyond is not believed. */
const MAX_SIZE = 100_000;
const MAX_ORDINAL = 2 ** 31;

const RANGE = /^(\d{1,10})(?:-(\d{1,10}))?$/;

/** `0-9,12` → the ordinals. Throws RangeError on anything else, and on sets beyond 100 000 members. */
export function parseOrdinals(text: string): Set<number> {
  const ordinals = new Set<number>();
  if (text === '') return ordinals;
  for (const part of text.split(',')) {
    const match = RANGE.exec(part);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first || last >= MAX_ORDINAL) {
      throw new RangeError(`not a list of ordinals such as "0-9,12": ${JSON.stringify(text.slice(0, 100))}`);
    }
    if (ordinals.size + last - first + 1 > MAX_SIZE) {
      throw new RangeError(`more than ${MAX_SIZE} ordinals`);
    }
    for (let ordinal = first; ordinal <= last; ordinal++) ordinals.add(ordinal);
  }
  return ordinals;
}

/** The ordinals as ascending ranges, `0-9,12`: equal sets give equal texts. */
export function formatOrdinals(ordinals: Iterable<number>): string {
  const ranges: [first: number, last: number][] = [];
  for (const ordinal of [...new Set(ordinals)].sort((a, b) => a - b)) {
    const current = ranges.at(-1);
    if (current?.[1] === ordinal - 1) current[1] = ordinal;
    else ranges.push([ordinal, ordinal]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
