import { describe, expect, test } from 'vitest';
import { parseCommand, UsageError } from './arguments.ts';

describe('the command line of the cluster', () => {
  test('without options means a cluster with a node, named flowrun, by a provider chosen later', () => {
    expect(parseCommand(['up'])).toEqual({
      action: 'up',
      name: 'flowrun',
      provider: undefined,
      controlPlaneOnly: false,
      controllerManager: true,
      scheduler: true,
      audit: false,
      wipe: false,
      images: [],
    });
  });

  test('a control plane alone has a scheduler only when asked', () => {
    expect(parseCommand(['up', '--control-plane-only'])?.scheduler).toBe(false);
    expect(parseCommand(['up', '--control-plane-only', '--scheduler'])?.scheduler).toBe(true);
  });

  test('takes a list of images', () => {
    expect(parseCommand(['up', '--images', 'prefect3,prefect1'])?.images).toEqual(['prefect3', 'prefect1']);
  });

  test.each([['--help'], ['up', '-h'], ['help']])('%s %s asks for help', (...argv) => {
    expect(parseCommand(argv)).toBeUndefined();
  });

  test.each([
    { argv: [], says: 'no action given: choose one of up, down' },
    { argv: ['start'], says: 'unknown action "start"' },
    { argv: ['up', 'down'], says: 'one action at a time' },
    { argv: ['up', '--provider', 'minikube'], says: 'choose one of local, kind, kubeconfig' },
    { argv: ['up', '--nodes', '3'], says: '--nodes' },
    { argv: ['up', '--wipe'], says: '--wipe goes with down' },
    { argv: ['up', '--no-controller-manager'], says: 'add --control-plane-only' },
    { argv: ['up', '--control-plane-only', '--images', 'prefect3'], says: 'leave out --images' },
    { argv: ['up', '--name', 'My_Cluster'], says: 'at most 32 lower-case letters' },
    { argv: ['up', '--name', '../x'], says: 'at most 32 lower-case letters' },
  ])('$argv is refused: $says', ({ argv, says }) => {
    expect(() => parseCommand(argv)).toThrow(UsageError);
    expect(() => parseCommand(argv)).toThrow(says);
  });
});
