import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509';
import { ALGORITHM, derivedKey, privatePem } from './derived-key.ts';

cryptoProvider.set(webcrypto);

/** What the keys of one attempt are derived from and their certificates say. */
export interface AttemptTls {
  /** UID of the FlowRun. */
  uid: string;
  attempt: number;
  /** DNS name that the scheduler's clients may check. */
  schedulerName: string;
  notBefore: Date;
  notAfter: Date;
}

/** PEM texts. */
export interface Credentials {
  /** The CA's certificate. */
  ca: string;
  cert: string;
  key: string;
}

/**
 * The credentials of one attempt's scheduler, workers and flow (`pods`) or of the operator (`operator`), both signed by the attempt's own CA.
 * Everything follows from the seed, so any process that has it makes credentials that fit those another one made before;
 * the CA's key is never stored anywhere.
 */
export async function credentialsFor(
  seed: Uint8Array,
  tls: AttemptTls,
  role: 'pods' | 'operator',
): Promise<Credentials> {
  const scope = `${tls.uid}/${tls.attempt}`;
  const authority = await derivedKey(seed, `${scope}/ca`);
  const own = await derivedKey(seed, `${scope}/${role}`);
  const issuer = `CN=FlowRun attempt ${tls.attempt} of ${tls.uid}`;
  const validity = { notBefore: tls.notBefore, notAfter: tls.notAfter, signingAlgorithm: ALGORITHM };
  const authorityId = await SubjectKeyIdentifierExtension.create(authority.publicKey);
  const ca = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialOf(`${scope}/ca`),
    subject: issuer,
    issuer,
    publicKey: authority.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      authorityId,
    ],
  });
  const cert = await X509CertificateGenerator.create({
    ...validity,
    serialNumber: serialOf(`${scope}/${role}`),
    subject: `CN=FlowRun ${role}`,
    issuer,
    publicKey: own.publicKey,
    signingKey: authority.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      // Workers are clients of the scheduler and servers of each other.
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension([{ type: 'dns', value: tls.schedulerName }]),
      await SubjectKeyIdentifierExtension.create(own.publicKey),
      await AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return { ca: `${ca.toString('pem')}\n`, cert: `${cert.toString('pem')}\n`, key: await privatePem(own) };
}

/** Positive, of 16 bytes, and the same for the same certificate. */
function serialOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
