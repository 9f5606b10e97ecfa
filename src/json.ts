/**
 * JSON that survives a round trip. Kubernetes and Python have 64-bit integers; `JSON.parse` silently rounds those beyond 2^53.
 *
 * Guarantee: `stringify(parse(text))` holds the same numbers as `text`. A number that JavaScript would alter is kept as a raw
 * JSON value (`JSON.isRawJSON`), frozen, which `JSON.stringify` writes back digit by digit; it does not survive `structuredClone`.
 * Only texts in which such a number can occur pay for it.
 */

declare global {
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source: string }) => unknown,
    ): unknown;
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
  }
}

/** A 64-bit integer from elsewhere, as a number if JavaScript has it, else as a raw JSON value. */
export function exactly(value: bigint): number | object {
  return String(Number(value)) === String(value) ? Number(value) : JSON.rawJSON(String(value));
}

/** An integer of 16 or more digits or a number with an exponent, where a JSON value may stand. */
const SUSPECT = /[:[,]\s*-?\d(?:\d{15}|[\d.]*[eE])/;
const INTEGER = /^-?\d+$/;

/** Throws SyntaxError on what is not JSON. */
export function parse(text: string): unknown {
  return SUSPECT.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text);
}

function keepExact(_key: string, value: unknown, context: { source: string }): unknown {
  if (typeof value !== 'number') {
    return value;
  }
  const altered = INTEGER.test(context.source)
    ? !Number.isSafeInteger(value) && String(value) !== context.source
    : !Number.isFinite(value);
  return altered ? JSON.rawJSON(context.source) : value;
}
