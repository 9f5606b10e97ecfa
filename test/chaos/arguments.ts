/** The whole number that is given for the option of this name; throws what it takes. */
export function count(name: string, text: string, least: number, most = Infinity): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new Error(
      `--${name} takes a whole number of at least ${least}${most === Infinity ? '' : ` and at most ${most}`}, not ${text}`,
    );
  return value;
}

/** Those of `all` that are named; all, when none is. Throws when there is no such. */
export function some<Name extends string>(
  what: string,
  all: readonly Name[],
  names: readonly string[],
): readonly Name[] {
  const unknown = names.find((name) => !all.some((each) => each === name));
  if (unknown !== undefined) throw new Error(`there is no ${what} ${unknown}; choose from ${all.join(', ')}`);
  return names.length === 0 ? all : all.filter((each) => names.includes(each));
}
