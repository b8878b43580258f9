import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { clusterKinds, type ClusterKind } from '../cluster/kinds.ts';
import { parseScenario } from './parse.ts';
import { makePlan } from './plan.ts';
import type { Vocabulary } from './semantics.ts';

const word = { targets: ['node'], heals: true, options: z.strictObject({}) } as const;
const vocabulary: Vocabulary = {
  faults: [
    { ...word, kind: 'kill' },
    { ...word, kind: 'starve', needs: { housing: 'container' } },
  ],
  checks: [],
};

function parse(changes: object, ...faults: string[]) {
  const steps = faults.map((fault) => ({ fault, target: 'leader', at: '1s', for: '1s' }));
  const phases = [{ name: 'one', duration: '10s', faults: steps }];
  const scenario = { name: 'mine', question: 'Does it hold?', phases, ...changes };
  return parseScenario(scenario, 'mine', vocabulary);
}

describe('the containers of a scenario', () => {
  test('are limited where it says so, as sizes and processors are written', () => {
    const { containers } = parse({
      containers: { node: { memory: '256MiB', cpus: 0.5 }, worker: { cpus: 1 } },
    });
    const node = { memory: 256 * 1024 ** 2, cpus: 0.5 };
    expect(containers).toEqual({ node, worker: { cpus: 1 } });
    expect(parse({ containers: { node: { cpus: 1 } } }).containers?.worker).toEqual({});
    expect(parse({}).containers).toBeUndefined();
  });

  test.each([
    [{ node: { memory: '1MiB' } }, 'containers.node.memory must be at least 6 MiB'],
    [{ worker: { cpus: 0 } }, 'containers.worker.cpus must be at least 0.01, got 0'],
    [{ node: { cpu: 1 } }, 'containers.node.cpu is not a known field; did you mean "cpus"?'],
    [{ nodes: {} }, 'containers.nodes is not a known field; did you mean "node"?'],
  ])('are refused where that is nothing an engine takes: %j', (containers, sentence) => {
    expect(() => parse({ containers })).toThrow(sentence);
  });
});

describe('a fault that acts on containers', () => {
  const plan = (cluster: ClusterKind, ...faults: string[]) =>
    makePlan(parse({}, ...faults), { seed: 1, target: 'reference', cluster, vocabulary });

  test('is refused where there are none, before anything is started', () => {
    expect(() => plan('process', 'kill', 'starve')).toThrow(
      '"starve" acts on containers, and --cluster process has none; use --cluster docker',
    );
    expect(plan('docker', 'kill', 'starve').faults).toHaveLength(2);
    for (const kind of clusterKinds) expect(plan(kind, 'kill').faults).toHaveLength(1);
  });
});
