/**
 * Every failure of a request, classified once, at the edge. Callers use the predicates, never status numbers.
 * Messages hold the request's method and path, the status and what the server said; never headers, bodies or query strings.
 */

const MESSAGE_LIMIT = 1024;

/** The API server answered with an error. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError';
  readonly status: number;
  /** The server's machine-readable reason (`NotFound`, `Conflict`, ...); `''` where it gave none. */
  readonly reason: string;
  /** Seconds the server asked us to stay away. */
  readonly retryAfter: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfter?: number, options?: ErrorOptions) {
    super(message.length > MESSAGE_LIMIT ? `${message.slice(0, MESSAGE_LIMIT)}…` : message, options);
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** The object changed since it was read, or a precondition did not hold: read again and decide again. */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError';
}

/** An object of that name exists already (and, from `createOwned`, belongs to someone else). */
export class AlreadyExistsError extends ApiError {
  override readonly name = 'AlreadyExistsError';
}

/** No answer: connection refused, reset, or out of time. Whether a write took place is unknown. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

/** A write that was not sent because this process may not write (any more). */
export class FencedError extends Error {
  override readonly name = 'FencedError';
}

interface Status {
  reason?: unknown;
  message?: unknown;
  details?: { retryAfterSeconds?: unknown } | null;
}

/**
 * The error for an answer with a status of 400 and above, or for the Status object inside a watch.
 * `what` names the request: `GET /api/v1/pods`. `retryAfterHeader`: seconds or an HTTP date.
 */
export function apiError(what: string, status: number, body: unknown, retryAfterHeader?: string): ApiError {
  const said: Status = typeof body === 'object' && body !== null ? body : {};
  const reason = typeof said.reason === 'string' ? said.reason : '';
  const text = typeof said.message === 'string' ? said.message : typeof body === 'string' ? body.trim() : '';
  const message = `${what}: ${status}${reason === '' ? '' : ` ${reason}`}${text === '' ? '' : `: ${text}`}`;
  const retryAfter = retryAfterSeconds(retryAfterHeader) ?? positive(said.details?.retryAfterSeconds);
  if (status === 409) {
    return reason === 'AlreadyExists'
      ? new AlreadyExistsError(status, reason, message, retryAfter)
      : new ConflictError(status, reason, message, retryAfter);
  }
  return new ApiError(status, reason, message, retryAfter);
}

export const isNotFound = (error: unknown): boolean => hasStatus(error, 404);
export const isConflict = (error: unknown): boolean => error instanceof ConflictError;
export const isAlreadyExists = (error: unknown): boolean => error instanceof AlreadyExistsError;
export const isForbidden = (error: unknown): boolean => hasStatus(error, 403);
/** The server understood and refused the object (422), or could not read it (400): sending it again is pointless. */
export const isInvalid = (error: unknown): boolean => hasStatus(error, 422) || hasStatus(error, 400);
/** How the server refuses a patch that names the UID of a predecessor, where it does not call it a conflict. */
export const isOtherUid = (error: unknown): error is ApiError =>
  error instanceof ApiError && error.status === 422 && /metadata\.uid: .*immutable/.test(error.message);
/** The resource version or the continue token is older than what the server remembers. */
export const isGone = (error: unknown): boolean => hasStatus(error, 410);
export const isFenced = (error: unknown): boolean => error instanceof FencedError;

/** The same request may well succeed later: no answer, too many requests, or the server's own trouble. */
export function isRetryable(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    (error instanceof ApiError && (error.status === 429 || error.status >= 500))
  );
}

function hasStatus(error: unknown, status: number): boolean {
  return error instanceof ApiError && error.status === status;
}

function retryAfterSeconds(header: string | undefined): number | undefined {
  if (header === undefined || header === '') {
    return undefined;
  }
  const seconds = Number(header);
  return Number.isNaN(seconds)
    ? positive(Math.ceil((Date.parse(header) - Date.now()) / 1000))
    : positive(seconds);
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
