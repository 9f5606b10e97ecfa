import { decode, encode } from '@msgpack/msgpack';

const MAX_DEPTH = 32;

/** Bytes of a header and its payload, and how many values follow as children. */
interface Token {
  size: number;
  children: number;
}

function token(view: DataView, at: number): Token | undefined {
  const type = view.getUint8(at);
  if (type <= 0x7f || type >= 0xe0) return { size: 1, children: 0 };
  if (type <= 0x8f) return { size: 1, children: 2 * (type & 0x0f) };
  if (type <= 0x9f) return { size: 1, children: type & 0x0f };
  if (type <= 0xbf) return { size: 1 + (type & 0x1f), children: 0 };
  switch (type) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return { size: 1, children: 0 };
    case 0xc4: // bin
    case 0xd9: // str
      return { size: 2 + view.getUint8(at + 1), children: 0 };
    case 0xc5:
    case 0xda:
      return { size: 3 + view.getUint16(at + 1), children: 0 };
    case 0xc6:
    case 0xdb:
      return { size: 5 + view.getUint32(at + 1), children: 0 };
    case 0xcc: // 8-bit integers
    case 0xd0:
      return { size: 2, children: 0 };
    case 0xcd:
    case 0xd1:
      return { size: 3, children: 0 };
    case 0xca: // float 32
    case 0xce:
    case 0xd2:
      return { size: 5, children: 0 };
    case 0xcb: // float 64
    case 0xcf:
    case 0xd3:
      return { size: 9, children: 0 };
    case 0xdc:
      return { size: 3, children: view.getUint16(at + 1) };
    case 0xdd:
      return { size: 5, children: view.getUint32(at + 1) };
    case 0xde:
      return { size: 3, children: 2 * view.getUint16(at + 1) };
    case 0xdf:
      return { size: 5, children: 2 * view.getUint32(at + 1) };
    default: // extension types: Dask uses none in plain data
      return undefined;
  }
}

/**
 * Walks the headers only, because a decoder allocates what a header promises: a few kilobytes of nested array
 * headers would take gigabytes. Afterwards every promised element is known to be there and nesting is shallow.
 */
function wellFormed(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const open: number[] = [1];
  let at = 0;
  while (open.length > 0) {
    const left = open.pop()!;
    if (left === 0) continue;
    open.push(left - 1);
    if (at >= bytes.length) return false;
    const next = token(view, at);
    if (next === undefined) return false;
    at += next.size;
    if (next.children === 0) continue;
    if (next.children > bytes.length - at || open.length >= MAX_DEPTH) return false;
    open.push(next.children);
  }
  return at === bytes.length;
}

/** Python dict keys may be tuples and None; JavaScript's must be text. */
function mapKey(key: unknown): string {
  return typeof key === 'string'
    ? key
    : (JSON.stringify(key, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? '');
}

/** Decodes one msgpack value of untrusted origin; 64-bit integers are bigints. Throws RangeError or the decoder's error when it is not sound. */
export function unpack(bytes: Uint8Array): unknown {
  if (!wellFormed(bytes)) throw new RangeError('not a well-formed msgpack message');
  return decode(bytes, { mapKeyConverter: mapKey, useBigInt64: true });
}

export function pack(value: unknown): Uint8Array {
  return encode(value, { ignoreUndefined: true });
}
