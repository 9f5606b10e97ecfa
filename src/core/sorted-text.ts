/** The same text for objects with the same fields, in whatever order they have them. */
export function sortedText(fields: object = {}): string {
  return JSON.stringify(Object.entries(fields).sort(([one], [other]) => one.localeCompare(other)));
}
