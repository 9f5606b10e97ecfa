/** The key of the n-th inline file: paths have characters that keys of a ConfigMap may not have. */
export function sourceKey(index: number): string {
  return `source-${index}`;
}
