import { z } from 'zod';
import { POD } from '../../src/kube/resource.ts';
import type { Context } from './context.ts';
import { lastWords, phaseOf } from './marks.ts';
import { Observer } from './observer.ts';

/** Starts Prefect's server on the image's migrated database as its own command line does, and tells after how many seconds it answers. */
const SCRIPT = `import os, shutil, subprocess, sys, tempfile, time, urllib.request
home = tempfile.mkdtemp()
shutil.copyfile("/opt/flowrun/prefect/prefect.db", home + "/prefect.db")
began = time.time()
server = subprocess.Popen(
    ["prefect", "server", "start", "--host", "127.0.0.1", "--port", "4200", "--no-ui"],
    env={**os.environ, "PREFECT_HOME": home, "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
    stdout=subprocess.DEVNULL,
)
while True:
    try:
        urllib.request.urlopen("http://127.0.0.1:4200/api/health", timeout=2).close()
        break
    except OSError:
        if server.poll() is not None:
            sys.exit("prefect server start ended with %d" % server.returncode)
        time.sleep(0.02)
with open("/dev/termination-log", "w") as file:
    file.write(repr(time.time() - began))
server.kill()
`;

/** Seconds that Prefect's server takes to answer, alone in a pod of the flow image; one for each repetition, after one to warm up. */
export async function serverStarts(context: Context): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const { client, image, namespace: newNamespace } = await context.cluster();
  const namespace = await newNamespace('bench-prefect', stack);
  const observer = stack.use(await Observer.open(client, namespace, [POD], context.signal));
  const taken: number[] = [];
  for (let number = 0; number <= context.repetitions; number += 1) {
    const name = `server-${number}`;
    const pod = () => observer.list(POD).find(({ metadata }) => metadata.name === name);
    await client.create(POD, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'main',
            image,
            command: ['python3', '-u', '-c', SCRIPT],
            terminationMessagePolicy: 'FallbackToLogsOnError',
          },
        ],
      },
    });
    await observer.until(`${name} ends`, () =>
      ['Succeeded', 'Failed'].includes(phaseOf(pod() ?? { metadata: {} })),
    );
    const seconds = z.coerce.number().parse(lastWords(pod()));
    if (number > 0) taken.push(seconds);
  }
  return taken;
}
