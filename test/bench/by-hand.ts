import type { KubeObject } from '../../src/kube/object.ts';
import { CONFIG_MAP, POD, SERVICE } from '../../src/kube/resource.ts';
import type { Context } from './context.ts';
import {
  type Marks,
  PODS,
  type Subject,
  WORKERS,
  lastWords,
  phaseOf,
  schedulerAnswers,
  told,
} from './marks.ts';
import { now, Observer } from './observer.ts';

/** A client as a user would write it; what it tells goes where the kubelet shows it. */
export const CLIENT = `import json, time
from distributed import Client

client = Client()
task = client.submit(time.time).result()
done = time.time()
with open("/dev/termination-log", "w") as file:
    json.dump({"task": task, "done": done}, file)
`;

const small = { requests: { cpu: '50m', memory: '128Mi' } };

const FILES = 'files';

/**
 * The floor: the same pods with the operator's command lines but nothing else in them (no preload or launcher), all created at once
 * and deleted as soon as the kubelet shows the client's end. No controller can be faster than nobody deciding anything.
 * `mounted`: with a ConfigMap in each. The kubelet looks every 300 ms whether a pod's volumes are mounted, so a pod that has any
 * starts that much later.
 */
export async function byHand(context: Context, mounted: boolean): Promise<Subject> {
  await using stack = new AsyncDisposableStack();
  const { client, image, namespace: newNamespace } = await context.cluster();
  const namespace = await newNamespace('bench-by-hand', stack);
  const observer = stack.use(await Observer.open(client, namespace, [POD, SERVICE], context.signal));
  await client.create(CONFIG_MAP, {
    metadata: { namespace, name: FILES },
    immutable: true,
    data: { file: '' },
  });
  let number = 0;

  const once = async (): Promise<Marks> => {
    number += 1;
    const run = `run-${number}`;
    const own = ({ metadata }: KubeObject) => metadata.labels?.['run'] === run;
    const pods = () => observer.list(POD).filter(own);
    const find = (name: string) => pods().find(({ metadata }) => metadata.name === `${run}-${name}`);
    const ended = () => ['Succeeded', 'Failed'].includes(phaseOf(find('client') ?? { metadata: {} }));

    const created = observer.until('all pods exist', () => pods().length === PODS);
    const answered = schedulerAnswers(observer, (pod) => pod.metadata.name === `${run}-scheduler`);
    const finished = observer.until('the end of the client', ended);
    const applied = now();
    await Promise.all(
      objectsOf(namespace, run, image, mounted).map((object) =>
        client.create(object.kind === 'Service' ? SERVICE : POD, object),
      ),
    );
    const [podsAt, scheduler, result] = await Promise.all([created, answered, finished]);
    const { task, done } = told.parse(JSON.parse(lastWords(find('client'))));
    await Promise.all(
      [...pods().filter((pod) => pod !== find('client')), ...observer.list(SERVICE).filter(own)].map(
        (object) =>
          client.delete(object.kind === 'Service' ? SERVICE : POD, namespace, object.metadata.name ?? '', {
            uid: object.metadata.uid ?? '',
            gracePeriodSeconds: 1,
          }),
      ),
    );
    const gone = await observer.until('only the client is left', () => pods().length === 1);
    return { applied, pods: podsAt, scheduler, task: task * 1000, done: done * 1000, result, gone };
  };
  const owned = stack.move();
  return {
    name: mounted ? 'by hand, files' : 'by hand',
    once,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function objectsOf(namespace: string, run: string, image: string, mounted: boolean): KubeObject[] {
  const address = `tcp://${run}-scheduler.${namespace}.svc:8786`;
  const metadata = (name: string) => ({ namespace, name: `${run}-${name}`, labels: { run, part: name } });
  const pod = (name: string, command: string[]): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: metadata(name),
    spec: {
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      ...(mounted && { volumes: [{ name: FILES, configMap: { name: FILES } }] }),
      containers: [
        {
          name: 'main',
          image,
          command,
          env: [
            { name: 'DASK_SCHEDULER_ADDRESS', value: address },
            { name: 'OMP_NUM_THREADS', value: '1' },
          ],
          resources: small,
          ...(mounted && { volumeMounts: [{ name: FILES, mountPath: '/files' }] }),
        },
      ],
    },
  });
  const scheduler =
    'python3 -u -m distributed.cli.dask_scheduler --protocol tcp,ws --port 8786,8788 --dashboard-address 127.0.0.1:8787';
  const worker = (name: string) =>
    `python3 -u -m distributed.cli.dask_worker ${address} --name ${name} --no-dashboard --no-nanny --nthreads 1 --memory-limit auto`;
  const names = Array.from({ length: WORKERS }, (_, ordinal) => `worker-${ordinal}`);
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('scheduler'),
      spec: {
        selector: { run, part: 'scheduler' },
        publishNotReadyAddresses: true,
        ports: [{ name: 'comm', port: 8786 }],
      },
    },
    pod('scheduler', scheduler.split(' ')),
    ...names.map((name) => pod(name, worker(name).split(' '))),
    pod('client', ['python3', '-u', '-c', CLIENT]),
  ];
}
