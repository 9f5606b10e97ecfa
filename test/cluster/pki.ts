import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import type { Plan } from './plan.ts';

interface Identity {
  readonly file: string;
  readonly subject: string;
  readonly names?: string;
  /** Write a kubeconfig for it, too. */
  readonly client?: boolean;
}

function identities(plan: Plan): Identity[] {
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [
    {
      file: 'apiserver',
      subject: '/CN=kube-apiserver',
      names:
        [...service, 'localhost'].map((name) => `DNS:${name}`).join() +
        `,IP:${plan.serviceAddress},IP:${plan.address},IP:127.0.0.1`,
    },
    { file: 'apiserver-kubelet', subject: '/O=system:masters/CN=apiserver-kubelet' },
    {
      file: 'kubelet',
      subject: `/O=system:nodes/CN=system:node:${plan.nodeName}`,
      names: `DNS:${plan.nodeName},IP:${plan.address}`,
      client: true,
    },
    { file: 'admin', subject: '/O=system:masters/CN=admin', client: true },
    { file: 'controller-manager', subject: '/CN=system:kube-controller-manager', client: true },
    { file: 'scheduler', subject: '/CN=system:kube-scheduler', client: true },
    { file: 'proxy', subject: '/CN=system:kube-proxy', client: true },
  ];
}

/** Makes the cluster's CA, keys, certificates and kubeconfigs in `<directory>/pki`, once. Valid for 10 years. */
export async function ensurePki(plan: Plan): Promise<void> {
  const final = join(plan.directory, 'pki');
  if (existsSync(final)) return;
  const directory = `${final}.new`;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const openssl = (line: string) => run('openssl', line.split(' '), { cwd: directory });
  const newKey = 'req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  await Promise.all([
    openssl(
      `${newKey} -keyout ca.key -x509 -subj /CN=flowrun-${plan.name} -days 3650 -out ca.crt -addext keyUsage=critical,keyCertSign,digitalSignature`,
    ),
    openssl('ecparam -name prime256v1 -genkey -noout -out sa.key').then(() =>
      openssl('ec -in sa.key -pubout -out sa.pub'),
    ),
  ]);
  const encodedAuthority = await readBase64(join(directory, 'ca.crt'));
  await Promise.all(
    identities(plan).map(async ({ file, subject, names, client }) => {
      await writeFile(
        join(directory, `${file}.ext`),
        `keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n${names === undefined ? '' : `subjectAltName=${names}\n`}`,
      );
      await openssl(`${newKey} -keyout ${file}.key -subj ${subject} -out ${file}.csr`);
      await openssl(
        `x509 -req -in ${file}.csr -CA ca.crt -CAkey ca.key -days 3650 -out ${file}.crt -extfile ${file}.ext`,
      );
      if (client !== true) return;
      const [certificate, key] = await Promise.all([
        readBase64(join(directory, `${file}.crt`)),
        readBase64(join(directory, `${file}.key`)),
      ]);
      await writeFile(join(directory, `${file}.conf`), kubeconfig(plan, encodedAuthority, certificate, key), {
        mode: 0o600,
      });
    }),
  );
  await rename(directory, final);
}

/** A kubeconfig with one context, `flowrun-<cluster name>`. The three last arguments are base64 of PEM. */
export function kubeconfig(plan: Plan, authority: string, certificate: string, key: string): string {
  const name = `flowrun-${plan.name}`;
  return `apiVersion: v1
kind: Config
current-context: ${name}
clusters: [{name: ${name}, cluster: {server: "${plan.server}", certificate-authority-data: ${authority}}}]
contexts: [{name: ${name}, context: {cluster: ${name}, user: ${name}}}]
users: [{name: ${name}, user: {client-certificate-data: ${certificate}, client-key-data: ${key}}}]
`;
}

async function readBase64(path: string): Promise<string> {
  return (await readFile(path)).toString('base64');
}
