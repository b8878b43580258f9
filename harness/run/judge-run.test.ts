import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultEvent } from '../history/events.ts';
import { EntryFlag } from '../history/format.ts';
import { readHistoryHeader } from '../history/reader.ts';
import { HistoryWriter } from '../history/writer.ts';
import { HarnessHistory } from './harness-history.ts';
import { judgeRun } from './judge-run.ts';
import { writeFacts, type RunFacts } from './run-facts.ts';
import { createRunFolder } from './run-folder.ts';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan } from '../scenario/plan.ts';
import { vocabulary } from '../vocabulary.ts';
import { rejudge } from './rejudge.ts';

let output: string;

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-judge-'));
});

afterEach(() => rmSync(output, { recursive: true, force: true }));

interface Told {
  workload?: object;
  target?: string;
  /** In the middle, on the only node. */
  fault?: { kind: string; steps: readonly FaultEvent['step'][] };
  flush?: 'sync' | 'async' | 'os';
}

function folderOf(
  changes: Partial<RunFacts> = {},
  { workload = {}, target = 'null', fault, flush = 'async' }: Told = {},
): string {
  const words = vocabulary();
  const planned = { fault: fault?.kind, target: 'leader', at: '500ms', for: '100ms' };
  const phases = [{ name: 'a', duration: '1s', faults: fault === undefined ? [] : [planned] }];
  const topic = { partitions: 1, replication: 'none', flush };
  const scenario = parseScenario(
    { name: 'empty', question: 'Nothing?', nodes: 1, topic, workload, phases },
    'empty',
    words,
  );
  const plan = makePlan(scenario, {
    seed: 1,
    target,
    cluster: 'process',
    vocabulary: words,
  });
  const { directory, id } = createRunFolder(
    { outputDirectory: output },
    plan,
    new Date('2026-01-02T03:04:05Z'),
  );
  writeFacts(directory, {
    version: 1,
    id,
    startedAt: '2026-01-02T03:04:05.000Z',
    endedAt: '2026-01-02T03:05:05.000Z',
    ackworth: '0.1.0',
    command: 'ackworth run empty',
    target: { name: 'null', version: '', config: {} },
    environment: {
      cpu: '',
      cores: 1,
      memoryBytes: 1,
      kernel: '',
      fileSystem: '',
      node: '',
      clockDomain: '',
      probes: { before: null, after: null },
    },
    exposures: {},
    problems: [],
    ...changes,
  });
  const history = new HarnessHistory(join(directory, 'history'), id, () => undefined);
  history.phase('a', 1e9);
  history.note('harness', 'something worth knowing');
  for (const step of fault?.steps ?? []) {
    const of = { fault: 0, kind: fault!.kind, target: 'leader', victims: ['node 1'] };
    history.fault({ type: 'fault', ...of, step, proof: 'seen', result: 'confirmed', time: 1.5e9 });
  }
  history.close();
  return directory;
}

describe('a run folder', () => {
  test('is named by time and scenario, and pointed at by latest', async () => {
    const record = await rejudge(join(folderOf(), '..', 'latest'));
    expect(record.id).toMatch(/^20260102-030405-empty-[0-9a-f]{4}$/);
  });

  test('tells how long it took to begin and to end, where that is known', async () => {
    const unknown = { toFirstAckMs: null, tearDownMs: null };
    expect((await judgeRun(folderOf())).timing).toEqual(unknown);
    const directory = folderOf({ timing: { beganNanos: 1e9, tearDownMs: 900 } });
    expect((await judgeRun(directory)).timing).toEqual({ ...unknown, tearDownMs: 900 });
    const acked = folderOf({ timing: { beganNanos: 1e9, tearDownMs: 900 } });
    const header = readHistoryHeader(join(acked, 'history', 'harness.ackh'))!;
    const producer = { ...header, worker: 'producer-1', role: 'producer', numbers: [1] } as const;
    const history = new HistoryWriter(join(acked, 'history', 'producer-1.ackh'), producer);
    history.invoke(1, 0, 0, 1.5e9, 1.5e9);
    history.complete(1, 0, 'ok', 0, 0, 1, 1.75e9);
    history.close();
    expect((await judgeRun(acked)).timing.toFirstAckMs).toBe(750);
  });

  test('names an interval of syncs only where one was asked for', async () => {
    const asked = async (flush: 'sync' | 'async' | 'os') =>
      (await judgeRun(folderOf({}, { flush }))).durability.flushIntervalMs;
    expect([await asked('async'), await asked('os'), await asked('sync')]).toEqual([
      100,
      null,
      null,
    ]);
  });

  test('without data is inconclusive, with its notes', async () => {
    const record = await judgeRun(folderOf());
    expect(record.verdict).toBe('inconclusive');
    expect(record.reasons[0]).toBe('no data: not a single message was acked');
    expect(record.notes).toEqual([
      { atMs: expect.any(Number), source: 'harness', text: 'something worth knowing' },
    ]);
  });

  test('says first what kept the run from its plan', async () => {
    const record = await judgeRun(folderOf({ problems: ['node 2 ended by itself (exit code 1)'] }));
    expect(record.reasons.slice(0, 2)).toEqual([
      'node 2 ended by itself (exit code 1)',
      'no data: not a single message was acked',
    ]);
  });

  test('that would pass does not, where something kept the run from its plan', async () => {
    const judged = (problems: string[]) => {
      const workload = { producers: 1, consumers: 0 };
      const directory = folderOf({ problems }, { workload, target: 'reference' });
      const history = join(directory, 'history');
      const { run } = readHistoryHeader(join(history, 'harness.ackh'))!;
      const write = (worker: string, role: 'producer' | 'reader') =>
        new HistoryWriter(join(history, `${worker}.ackh`), {
          version: 1,
          run,
          worker,
          role,
          clockDomain: 'here',
          numbers: [1],
        });
      const producer = write('producer-1', 'producer');
      producer.invoke(1, 0, 0, 1e9, 1e9);
      producer.complete(1, 0, 'ok', 0, 0, 1, 1.1e9);
      producer.close();
      const reader = write('reader-0', 'reader');
      for (const node of [0, 1]) {
        const end = { partition: 0, startOffset: 0, endOffset: 1, complete: true, reason: '' };
        reader.read(node, 0, 0, EntryFlag.intact, 1, 0, 0);
        reader.event({ type: 'read-end', node, ...end });
      }
      reader.close();
      return judgeRun(directory);
    };
    expect((await judged([])).verdict).toBe('pass');
    expect(await judged(['node 1 ended by itself'])).toMatchObject({
      verdict: 'inconclusive',
      reasons: ['node 1 ended by itself'],
    });
  });

  test('of an earlier version, which told no exposure by partition, has one that is not known', async () => {
    const fault = { kind: 'power-cut', steps: ['requested', 'effective', 'probed'] } as const;
    const judged = async (measured: object) => {
      const exposures = { 0: { ...measured, syncMsMax: 1, measuredAtNanos: 1.4e9 } };
      const told = { target: 'reference', fault };
      return judgeRun(folderOf({ exposures: exposures as unknown as RunFacts['exposures'] }, told));
    };
    expect((await judged({ byPartition: [7] })).faults).toMatchObject([{ exposure: 7 }]);
    const earlier = await judged({ messages: 7 });
    expect(earlier.faults).toMatchObject([{ exposure: null }]);
    expect(earlier.reasons.join('\n')).toContain('nobody measured how many were not yet safe');
  });

  test('whose run was never over says so', async () => {
    const record = await judgeRun(folderOf({ endedAt: null }));
    expect(record.reasons[0]).toBe('the harness was killed before the run was over');
    expect(record.endedAt >= record.startedAt).toBe(true);
  });

  test.each([
    ['plan.json', '', 'is not JSON'],
    ['plan.json', 'null', 'has version undefined'],
    ['plan.json', '{"version":1,"scenario":{}}', 'is damaged: it has no "phases"'],
    [
      'run.json',
      '{"version":1,"environment":{},"problems":[]}',
      'is damaged: it has no "exposures"',
    ],
  ])('whose %s holds %j is refused in one sentence', async (name, text, why) => {
    const directory = folderOf();
    writeFileSync(join(directory, name), text);
    await expect(rejudge(directory)).rejects.toMatchObject({
      code: 'record',
      message: expect.stringContaining(`${name} ${why}`) as string,
    });
  });

  test('can be judged where the machine lost its power while it was written who lives', async () => {
    const directory = folderOf();
    writeFileSync(join(directory, 'supervisor.json'), '');
    expect((await rejudge(directory)).verdict).toBe('inconclusive');
  });

  test('that is none is refused', async () => {
    await expect(rejudge(join(output, 'nowhere'))).rejects.toThrow('does not exist');
    mkdirSync(join(output, 'mine'));
    await expect(rejudge(join(output, 'mine'))).rejects.toThrow('is its folder that of a run?');
  });
});
