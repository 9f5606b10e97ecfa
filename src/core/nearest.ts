/** The known name that `name` most resembles: case and separators count for nothing. Ties go to the first. */
export function nearest(name: string, known: readonly string[], within = Infinity): string | undefined {
  let best: string | undefined;
  let least = within;
  for (const candidate of known) {
    const far = unlikeness(plain(name), plain(candidate));
    if (far < least) [best, least] = [candidate, far];
  }
  return best;
}

/** A word that is left out (`memory` of `memory_limit`) is a smaller slip than as many letters. */
function unlikeness(one: string, other: string): number {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  const far = distance(one, other);
  const inside = short.length >= 3 && long.includes(short);
  return inside ? Math.min(far, 1 + (long.length - short.length) / MAX_LENGTH) : far;
}

/** Long enough for every name we know; what is cut off of a hostile one makes no difference. */
const MAX_LENGTH = 64;

const plain = (name: string) =>
  name
    .slice(0, MAX_LENGTH)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
    .replace(/(?<=..)s$/, '');

/** Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (above[column] ?? 0) + 1,
        (line[column - 1] ?? 0) + 1,
        (above[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      line.push(cost);
    }
    [before, above] = [above, line];
  }
  return above[to.length] ?? 0;
}
