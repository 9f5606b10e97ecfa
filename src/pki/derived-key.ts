import { createECDH, hkdfSync, webcrypto } from 'node:crypto';

/** Order of the group of P-256 (FIPS 186-5). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** 64 bits more than the order, so that the remainder is as good as uniform. */
const BYTES = 40;

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/**
 * The P-256 key that belongs to `purpose` under `seed`: the same inputs give the same key, in every process and for ever;
 * without the seed no key tells anything of another. @throws RangeError for a seed below 32 bytes.
 */
export async function derivedKey(seed: Uint8Array, purpose: string): Promise<webcrypto.CryptoKeyPair> {
  if (seed.length < 32) throw new RangeError('the seed of all keys must have at least 32 bytes');
  const bytes = hkdfSync('sha256', seed, 'flowrun.dev/keys/v1', purpose, BYTES);
  const scalar = (BigInt(`0x${Buffer.from(bytes).toString('hex')}`) % (ORDER - 1n)) + 1n;
  const d = Buffer.from(scalar.toString(16).padStart(64, '0'), 'hex');
  const curve = createECDH('prime256v1');
  curve.setPrivateKey(d);
  // 04, then both coordinates.
  const point = curve.getPublicKey();
  const coordinates = {
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const jwk = { kty: 'EC', crv: 'P-256', ...coordinates };
  return {
    publicKey: await webcrypto.subtle.importKey('jwk', jwk, ALGORITHM, true, ['verify']),
    privateKey: await webcrypto.subtle.importKey(
      'jwk',
      { ...jwk, d: d.toString('base64url') },
      ALGORITHM,
      true,
      ['sign'],
    ),
  };
}

/** PKCS #8 as PEM, as OpenSSL reads it. */
export async function privatePem({ privateKey }: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${der.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}
