// Runs a tiny flow and says how it went: what `helm test` does beside asking for readiness. Its exit code is the verdict.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const { NAMESPACE, FLOW_IMAGE } = process.env;
const GIVEN_UP_AFTER_MS = 4 * 60_000;
const token = await readFile('/var/run/secrets/kubernetes.io/serviceaccount/token', 'utf8');
const runs = `https://kubernetes.default.svc/apis/flowrun.dev/v1alpha1/namespaces/${NAMESPACE}/flowruns`;

const FLOW = `def main():
    from distributed import get_client

    return get_client().submit(sum, [1, 2, 3]).result()
`;

async function call(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${said.message}`);
  return said;
}

const { metadata } = await call('POST', runs, {
  apiVersion: 'flowrun.dev/v1alpha1',
  kind: 'FlowRun',
  metadata: { generateName: 'helm-test-' },
  spec: {
    flow: { image: FLOW_IMAGE, entrypoint: 'main.py:main', source: { inline: { 'main.py': FLOW } } },
    executor: { type: 'DaskExecutor', clusterKwargs: { n_workers: 1 } },
    ttlSecondsAfterFinished: 600,
  },
});
const run = `${runs}/${metadata.name}`;
console.log(`FlowRun ${NAMESPACE}/${metadata.name}`);

let told = '';
let status = {};
const isOver = () =>
  status.conditions?.some(({ type, status }) => ['Complete', 'Failed'].includes(type) && status === 'True');
for (const end = Date.now() + GIVEN_UP_AFTER_MS; !isOver() && Date.now() < end; await sleep(500)) {
  ({ status = {} } = await call('GET', run));
  const now = `${status.phase ?? 'not seen by the operator yet'} ${status.conditions?.at(-1)?.message ?? ''}`.trim();
  if (now !== told) console.log(now);
  told = now;
}
const value = status.result?.value;
if (!isOver()) console.log(`It is not over after ${GIVEN_UP_AFTER_MS / 60_000} minutes.`);
else console.log(`${status.phase}: ${value ?? 'no result'}`);
if (value === 6) await call('DELETE', run);
else console.log(`It is left for a look: kubectl describe flowrun ${metadata.name} --namespace ${NAMESPACE}`);
process.exit(value === 6 ? 0 : 1);
