import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cleanLeftovers, findLeftovers } from '../clean/clean.ts';
import { proxiesName } from '../cluster/network/proxied-network.ts';
import { entryPoint } from '../entry-point.ts';
import { readRecord } from '../record/read.ts';
import { parseScenario } from '../scenario/parse.ts';
import { makePlan, planText } from '../scenario/plan.ts';
import { isAlive, type ProcessIdentity } from '../supervisor/process-table.ts';
import type { SupervisorState } from '../supervisor/protocol.ts';
import { vocabulary } from '../vocabulary.ts';
import { rejudge } from './rejudge.ts';
import type { Progress, RunOptions } from './run-types.ts';
import { runScenario } from './run.ts';

const short = {
  name: 'short',
  question: 'Does a short run hold?',
  warmUp: '1s',
  workload: { rate: 300, size: 200 },
  phases: [
    {
      name: 'leader-killed',
      duration: '12s',
      faults: [{ fault: 'kill', target: 'leader', at: ['0s', '1s'], for: '2s' }],
    },
  ],
};

/** What a consumer had been given, and its acks not taken yet, is given to the group again. */
const consumerKilled = {
  ...short,
  workload: { rate: 500, size: 200 },
  phases: [
    {
      name: 'consumer-killed',
      duration: '16s',
      faults: ['1s', '8s'].map((at) => ({ fault: 'kill', target: 'consumer', at, for: '2s' })),
    },
  ],
};

/** Without a fault of its own: a planned kill would race with the test for who ends what, and when. */
const calm = { ...short, phases: [{ name: 'calm', duration: '12s' }] };

let output: string;

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-run-'));
});

afterEach(async () => {
  await cleanLeftovers(output);
  rmSync(output, { recursive: true, force: true });
});

function optionsOf(scenario: unknown, changes: Partial<RunOptions> = {}): RunOptions {
  return {
    scenario: parseScenario(scenario, 'short', vocabulary()),
    seed: 7,
    target: 'reference',
    cluster: 'process',
    outputDirectory: output,
    keepData: false,
    command: 'ackworth run short --seed 7',
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  };
}

function stateOf(directory: string): SupervisorState {
  return JSON.parse(readFileSync(join(directory, 'supervisor.json'), 'utf8')) as SupervisorState;
}

/** Supervisor, three nodes, one producer, two consumers. */
function processesOf(directory: string): ProcessIdentity[] {
  const { supervisor, children } = stateOf(directory);
  expect(children.map(({ name }) => name).toSorted()).toEqual([
    'consumer-1',
    'consumer-2',
    'node-1',
    'node-2',
    'node-3',
    'producer-1',
  ]);
  return [supervisor, ...children];
}

async function untilGone(
  processes: readonly ProcessIdentity[],
  withinMs: number,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (!processes.some(isAlive)) return true;
    await sleep(50);
  }
  return false;
}

/** Runs `act` once, when the first phase of the scenario is under way. */
function oncePhaseRuns(act: () => void): (progress: Progress) => void {
  let done = false;
  return (progress) => {
    if (done || progress.type !== 'load' || progress.atMs < 1500 || progress.acked === 0) return;
    done = true;
    act();
  };
}

const latest = (): string => realpathSync(join(output, 'latest'));

describe('a run', () => {
  test('with a killed leader loses nothing, and says so with its evidence', async () => {
    const seen: string[] = [];
    const { directory, record } = await runScenario(
      optionsOf(short, {
        onProgress: (progress) =>
          void seen.push(progress.type === 'stage' ? progress.stage : progress.type),
      }),
    );
    expect(record.reasons.join('\n')).toContain('confirmed fault');
    expect(record.verdict).toBe('pass');
    expect(record.accounting).toMatchObject({
      sent: 3_900,
      acked: 3_900,
      lost: 0,
      reordered: 0,
      inLog: 3_900,
      delivered: 3_900,
    });
    expect(record.faults).toHaveLength(1);
    const [fault] = record.faults;
    expect(fault).toMatchObject({
      kind: 'kill',
      target: 'leader',
      proof: { injected: 'confirmed', healed: 'confirmed' },
    });
    expect(fault!.victims).toHaveLength(1);
    expect(fault!.effectiveAtMs!).toBeGreaterThanOrEqual(fault!.requestedAtMs);
    expect(fault!.healedAtMs!).toBeGreaterThan(fault!.effectiveAtMs! + 2000);
    expect(fault!.rtoMs).toBeGreaterThan(0);
    expect(record.environment.probes.after).not.toBeNull();
    expect(record.target).toMatchObject({ name: 'reference' });
    expect([...new Set(seen)]).toEqual(
      expect.arrayContaining([
        'probing',
        'starting',
        'warming-up',
        'running',
        'healing',
        'draining',
        'reading',
        'stopping',
        'judging',
        'load',
        'fault',
        'phase',
      ]),
    );

    expect(await readRecord(join(directory, 'record.json'))).toEqual(record);
    expect(latest()).toBe(realpathSync(directory));
    const plan = makePlan(optionsOf(short).scenario, {
      seed: 7,
      target: 'reference',
      cluster: 'process',
      vocabulary: vocabulary(),
    });
    expect(readFileSync(join(directory, 'plan.json'), 'utf8')).toBe(planText(plan));
    expect(existsSync(join(directory, 'data'))).toBe(false);
    expect(readdirSync(join(directory, 'nodes')).filter((name) => name.endsWith('.log'))).toContain(
      'node-1.log',
    );
    expect(stateOf(directory).children).toEqual([]);
    expect(await findLeftovers(output)).toEqual([]);

    const again = await rejudge(directory);
    expect(again).toEqual(record);
  });

  test.each([
    { fault: 'kill', network: 'direct', proxies: [] },
    { fault: 'delay', network: 'proxied', proxies: [proxiesName] },
  ])('with a $fault of the leader goes over $network links', async (expected) => {
    const { fault, network, proxies } = expected;
    const faults = [{ fault, target: 'leader', at: '500ms', for: '1s' }];
    const brief = { ...short, phases: [{ name: 'hit', duration: '2s', faults }] };
    let names: string[] = [];
    const { directory, record } = await runScenario(
      optionsOf(brief, {
        onProgress: (progress) => {
          if (progress.type !== 'fault' || progress.step !== 'effective') return;
          names = stateOf(latest()).children.map(({ name }) => name);
        },
      }),
    );
    expect(record.faults[0]!.proof.injected).toBe('confirmed');
    expect(record.cluster.network).toBe(network);
    expect(names).toContain('producer-1');
    expect(names.filter((name) => !/^(node|producer|consumer)-\d$/.test(name))).toEqual(proxies);
    expect(existsSync(join(directory, 'nodes', `${proxiesName}.json`))).toBe(proxies.length > 0);
  });

  test('with consumers killed between effect and commit counts what is given again, to the message', async () => {
    const { record } = await runScenario(optionsOf(consumerKilled));
    expect(record.reasons.join('\n')).toContain('confirmed fault');
    expect(record.verdict).toBe('pass');
    const { deliveries, redelivered } = record.accounting;
    expect(redelivered).toBeGreaterThan(0);
    expect(deliveries).toBe(8_500 + redelivered);
    const counts = { acked: 8_500, delivered: 8_500, lost: 0, undelivered: 0, reordered: 0 };
    expect(record.accounting).toMatchObject(counts);
  });

  test('that is interrupted heals, tears down, and writes what it has', async () => {
    const controller = new AbortController();
    let processes: ProcessIdentity[] = [];
    const { record } = await runScenario(
      optionsOf(short, {
        signal: controller.signal,
        keepData: true,
        onProgress: (progress) => {
          if (progress.type !== 'fault' || progress.step !== 'effective') return;
          const { supervisor, children } = stateOf(latest());
          processes = [supervisor, ...children];
          controller.abort();
        },
      }),
    );
    expect(processes.length).toBeGreaterThan(4);
    expect(processes.some(isAlive)).toBe(false);
    expect(record.verdict).toBe('inconclusive');
    expect(record.reasons[0]).toBe('the run was interrupted');
    expect(record.accounting.acked).toBeGreaterThan(0);
    expect(record.faults[0]!.healedAtMs).not.toBeNull();
    expect(existsSync(join(latest(), 'data', 'node-1'))).toBe(true);
  });

  test('whose supervisor is killed leaves nothing running, and is judged', async () => {
    let processes: ProcessIdentity[] = [];
    const { record } = await runScenario(
      optionsOf(calm, {
        onProgress: oncePhaseRuns(() => {
          processes = processesOf(latest());
          process.kill(stateOf(latest()).supervisor.pid, 'SIGKILL');
        }),
      }),
    );
    expect(processes).toHaveLength(7);
    expect(await untilGone(processes, 10_000)).toBe(true);
    expect(record.verdict).toBe('inconclusive');
    expect(record.reasons[0]).toBe('the supervisor was lost, and with it every process of the run');
    expect(record.accounting.acked).toBeGreaterThan(0);
  });

  test('whose harness is killed leaves nothing running, and can still be judged', async () => {
    const script = `
      const { runScenario } = await import(${JSON.stringify(entryPoint('harness/run/run.js'))});
      const options = ${JSON.stringify(optionsOf(calm))};
      await runScenario({ ...options, signal: new AbortController().signal, onProgress(progress) {
        if (progress.type === 'load' && progress.acked > 0) process.stdout.write('loaded');
      } });
    `;
    const harness = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => harness.stdout.once('data', resolve));
    const processes = processesOf(latest());
    await expect(rejudge(latest())).rejects.toThrow('still goes on');
    harness.kill('SIGKILL');
    expect(await untilGone(processes, 10_000)).toBe(true);

    const record = await rejudge(latest());
    expect(record.verdict).toBe('inconclusive');
    expect(record.reasons[0]).toBe('the harness was killed before the run was over');
    expect(record.accounting.acked).toBeGreaterThan(0);
    expect(record.accounting.lost).toBe(0);
    expect(await cleanLeftovers(output)).toMatchObject([{ processes: [], data: true }]);
    expect(existsSync(join(latest(), 'data'))).toBe(false);
  });

  test('whose cluster does not come up is refused with the node’s own words', async () => {
    const nodeMain = join(output, 'no-such-program.js');
    await expect(runScenario(optionsOf(short, { nodeMain }))).rejects.toThrow(
      /^node \d did not start: .*Cannot find module/,
    );
    const left = await findLeftovers(output);
    expect(left.flatMap(({ processes }) => processes)).toEqual([]);
  });
});
