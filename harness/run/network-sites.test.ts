import { describe, expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { linksNeeded, sitesOf } from './network-sites.ts';

function planOf(...kinds: string[]): Plan {
  return planWith({}, kinds);
}

function planWith(workload: Record<string, unknown>, kinds: readonly string[] = ['cut']): Plan {
  const scenario = {
    name: 'short',
    question: 'Where is everybody?',
    nodes: 2,
    workload: { producers: 3, consumers: 2, ...workload },
    phases: [
      {
        name: 'one',
        duration: '10s',
        faults: kinds.map((fault) => ({ fault, target: 'leader', at: '1s' })),
      },
    ],
  };
  const words = vocabulary();
  const parsed = parseScenario(scenario, 'short', words);
  return makePlan(parsed, { seed: 1, target: 'reference', cluster: 'process', vocabulary: words });
}

test('of links no more is asked than that what acts on them most can act', () => {
  const needed = (...kinds: string[]) => linksNeeded(planOf(...kinds));
  for (const kind of ['kill', 'pause', 'restart', 'power-cut'])
    expect(needed(kind)).toBeUndefined();
  for (const kind of ['cut', 'bridge']) expect(needed(kind)).toBe('cut');
  for (const kind of ['delay', 'reset']) expect(needed(kind)).toBe('shape');
  expect(needed('cut', 'kill')).toBe('cut');
  expect(needed('cut', 'delay')).toBe('shape');
});

describe('the sites of a run', () => {
  test('are its nodes and its workers, which are apart from them', () => {
    expect(sitesOf(planOf('cut')).map(({ name, besideNode }) => [name, besideNode])).toEqual([
      ['node-1', undefined],
      ['node-2', undefined],
      ['producer-1', undefined],
      ['producer-2', undefined],
      ['producer-3', undefined],
      ['consumer-1', undefined],
      ['consumer-2', undefined],
    ]);
  });

  test('have the workers dealt to the nodes when they are to be beside them', () => {
    const sites = sitesOf(planWith({ placement: 'beside-nodes' }));
    expect(sites.slice(2).map(({ name, besideNode }) => [name, besideNode])).toEqual([
      ['producer-1', 'node-1'],
      ['producer-2', 'node-2'],
      ['producer-3', 'node-1'],
      ['consumer-1', 'node-1'],
      ['consumer-2', 'node-2'],
    ]);
  });
});
