import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A fresh self-signed certificate for 127.0.0.1, written into the directory; PEM. Needs the openssl command. */
export async function selfSigned(directory: string): Promise<{ cert: string; key: string }> {
  const key = join(directory, 'proxy.key');
  const cert = join(directory, 'proxy.crt');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-subj', '/CN=fault-proxy', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-days',
    '2',
    ...curve,
    ...names,
    '-keyout',
    key,
    '-out',
    cert,
  ]);
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
}
