/* oxlint-disable no-restricted-globals -- converting between texts and numbers is pure; reading the clock is what core must not do */

/** RFC 3339 text → milliseconds since the epoch; NaN when it is none. */
export function parseTime(text: string): number {
  return Date.parse(text);
}

/** Milliseconds since the epoch → RFC 3339 text with whole seconds, as Kubernetes writes times. Rounds up: a deadline never comes early. */
export function formatTime(ms: number): string {
  return new Date(Math.ceil(ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}
