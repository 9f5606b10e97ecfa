/**
 * A worker asks where results are, and leaves before it is answered. distributed 2022.12.1 answers in a task of its own, which fails then, and
 * nothing else comes of it; later releases answer at once.
 */
const TOO_LATE =
  /^Task exception was never retrieved\nfuture: .*\bScheduler\.handle_request_refresh_who_has\(\).*\bKeyError\b.*\nTraceback .*\n(?: .*\n)+KeyError: .*\n/gm;

/** The first traceback that a scheduler has printed, with what was said around it, but for one that Dask itself leaves; else no line. */
export function tracebackIn(output: string): string[] {
  const lines = output.replaceAll(TOO_LATE, '').split('\n');
  const at = lines.findIndex((line) => line.includes('Traceback'));
  return at < 0 ? [] : lines.slice(Math.max(0, at - 3), at + 60);
}
