import { spawn } from 'node:child_process';

export interface KubectlAnswer {
  code: number;
  stdout: string;
  stderr: string;
}

export type Kubectl = (args: readonly string[], input?: string) => Promise<KubectlAnswer>;

const TIMEOUT_MS = 60_000;

/** Runs the kubectl of a cluster against it. A refusal is an answer, not an exception. */
export function kubectlOf(cluster: { readonly kubectl: string; readonly kubeconfig: string }): Kubectl {
  return (args, input = '') =>
    new Promise((resolve, reject) => {
      const child = spawn(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], {
        timeout: TIMEOUT_MS,
      });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      child.on('error', reject);
      child.on('close', (code) => {
        const stderr = Buffer.concat(err)
          .toString()
          .replace(/^WARNING: version difference.*\n/m, '');
        resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr });
      });
      child.stdin.on('error', () => {}); // kubectl may leave before it has read its input
      child.stdin.end(input);
    });
}
