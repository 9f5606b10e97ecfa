const REQUIREMENT =
  /^\s*([A-Za-z0-9][\w./-]*)\s*(?:==?\s*([\w.-]+)|in\s*\(\s*([\w.-]+(?:\s*,\s*[\w.-]+)*)\s*\))\s*$/;

/** Throws TypeError unless the label selector pins every key with `key=value` or `key in (value, ...)`, values not empty. */
export function requireKeys(selector: string, keys: readonly string[]): void {
  const pinned = new Set(requirements(selector).map((text) => REQUIREMENT.exec(text)?.[1]));
  const missing = keys.filter((key) => !pinned.has(key));
  if (missing.length > 0) {
    throw new TypeError(`The selector '${selector}' must pin ${missing.join(', ')} with '=' or 'in'`);
  }
}

/** Splits at the commas outside parentheses. */
function requirements(selector: string): string[] {
  return selector.split(/,(?![^(]*\))/);
}

/** `a=1,b=2`. */
export function labelSelector(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
