import { describe, expect, test } from 'vitest';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { measureExposure } from './measure-exposure.ts';

type Asked = [readonly number[], 'all' | 'unsynced'];

function planOf(flush: 'sync' | 'async', replication: 'async' | 'quorum') {
  const words = vocabulary();
  const input = {
    name: 'exposed',
    question: 'How much?',
    topic: { flush, replication },
    phases: [{ name: 'a', duration: '1s' }],
  };
  const scenario = parseScenario(input, 'exposed', words);
  return makePlan(scenario, {
    seed: 1,
    target: 'reference',
    cluster: 'process',
    vocabulary: words,
  });
}

const running = (): Promise<boolean> => Promise.resolve(true);

async function measured(
  flush: 'sync' | 'async',
  replication: 'async' | 'quorum',
  nodes: number[],
  kind = 'power-cut',
) {
  const asked: Asked[] = [];
  const session = {
    exposure: (...question: Asked) => {
      asked.push(question);
      return Promise.resolve({ byPartition: [3, 4], silent: [], syncMsMax: 3, askedAtNanos: 5 });
    },
  };
  const found = await measureExposure(
    session,
    planOf(flush, replication),
    { kind, nodes, options: {} },
    running,
  );
  return { asked, found };
}

describe('the exposure of a fault', () => {
  test('is asked for all its victims together, by what they lose', async () => {
    const { asked, found } = await measured('async', 'quorum', [1, 2, 3]);
    expect(asked).toEqual([[[1, 2, 3], 'unsynced']]);
    expect(found).toMatchObject({
      byPartition: [3, 4],
      syncMsMax: 3,
      measuredAtNanos: 5,
    });
    expect((await measured('sync', 'async', [2], 'kill')).asked).toEqual([[[2], 'all']]);
    expect((await measured('sync', 'async', [1, 2], 'kill')).asked).toEqual([[[], 'all']]);
  });

  test('is not asked for where nothing may be lost, nor for a fault on clients', async () => {
    expect(await measured('sync', 'quorum', [1, 2, 3])).toEqual({ asked: [], found: undefined });
    expect(await measured('async', 'quorum', [])).toEqual({ asked: [], found: undefined });
  });

  test('is unknown when the broker cannot tell, fails to, or takes too long', async () => {
    const plan = planOf('async', 'quorum');
    const hit = { kind: 'power-cut', nodes: [1, 2, 3], options: {} };
    expect(await measureExposure(undefined, plan, hit, running)).toBeUndefined();
    expect(await measureExposure({}, plan, hit, running)).toBeUndefined();
    const failing = { exposure: () => Promise.reject(new Error('gone')) };
    expect(await measureExposure(failing, plan, hit, running)).toBeUndefined();
    const silent = { exposure: () => new Promise<never>(() => {}) };
    expect(await measureExposure(silent, plan, hit, running)).toBeUndefined();
  });

  test('is unknown while a node that runs is silent, and known where it is down', async () => {
    const plan = planOf('async', 'quorum');
    const hit = { kind: 'power-cut', nodes: [1, 2], options: {} };
    const session = {
      exposure: () =>
        Promise.resolve({ byPartition: [3, 4], silent: [2, 3], syncMsMax: 3, askedAtNanos: 5 }),
    };
    const onlyRuns = (which: number) => (node: number) => Promise.resolve(node === which);
    expect(await measureExposure(session, plan, hit, onlyRuns(3))).toBeUndefined();
    expect(await measureExposure(session, plan, hit, onlyRuns(1))).toMatchObject({
      byPartition: [3, 4],
    });
  });
});
