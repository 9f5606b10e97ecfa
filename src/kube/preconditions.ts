interface Preconditions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

/** The patch body with preconditions that make the server refuse it (409 or 422) when they do not hold. A JSON patch is an array. */
export function withPreconditions(body: object, { uid, resourceVersion }: Preconditions): object {
  if (Array.isArray(body)) {
    const tests = Object.entries({ uid, resourceVersion })
      .filter(([, value]) => value !== undefined)
      .map(([field, value]) => ({ op: 'test', path: `/metadata/${field}`, value }));
    return [...tests, ...body];
  }
  const metadata = {
    ...('metadata' in body && typeof body.metadata === 'object' ? body.metadata : undefined),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return Object.keys(metadata).length === 0 ? body : { ...body, metadata };
}
