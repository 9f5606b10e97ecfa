/** More ordinals than this in one text are refused: the text comes from a status that anybody may have edited. */
const MAX_ORDINALS = 10_000;

/** Worker ordinals out of ranges such as `0-9,12`. What is no range is left out; it never throws. */
export function parseOrdinals(text: string): Set<number> {
  const ordinals = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim());
    if (match === null) continue;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    for (let ordinal = first; ordinal <= last && ordinals.size < MAX_ORDINALS; ordinal++)
      ordinals.add(ordinal);
  }
  return ordinals;
}

export function formatOrdinals(ordinals: Iterable<number>): string {
  const ranges: [number, number][] = [];
  for (const ordinal of [...ordinals].sort((one, other) => one - other)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 >= ordinal) last[1] = ordinal;
    else ranges.push([ordinal, ordinal]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
