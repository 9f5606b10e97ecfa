/** RFC 3339 with six digits of fraction: the API server refuses a MicroTime with three. */
export function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
