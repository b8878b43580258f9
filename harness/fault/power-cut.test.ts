import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { NodeState } from '../cluster/cluster.ts';
import type { Links } from '../cluster/links.ts';
import type { NodeDisk } from '../cluster/node-storage.ts';
import type { Roles } from '../driver/driver.ts';
import type { FaultSite, Victim } from './fault.ts';
import { powerCut } from './power-cut.ts';

let root: string;
let deeds: string[];
let time: number;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ackworth-power-'));
  deeds = [];
  time = 0;
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function node(number: number, changes: Partial<Victim> = {}): Victim {
  const directory = join(root, String(number), 'live');
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'log'), 'un-synced\n');
  let state: NodeState = 'running';
  const act = (deed: string, next: NodeState) => async (): Promise<number> => {
    deeds.push(`${deed} ${number}`);
    state = next;
    return ++time * 1e6;
  };
  return {
    target: 'node',
    number,
    name: `node ${number}`,
    housing: 'process',
    pid: () => 100 + number,
    start: act('start', 'running'),
    stop: () => Promise.reject(new Error('is not asked to stop')),
    kill: act('kill', 'stopped'),
    pause: act('pause', 'paused'),
    resume: act('resume', 'running'),
    state: async () => state,
    answers: async () => state === 'running',
    disk: emulated(number, directory),
    ...changes,
  };
}

function emulated(number: number, directory: string): NodeDisk {
  return {
    form: 'emulated',
    root: join(root, String(number)),
    directory,
    misbehave: () => Promise.reject(new Error('is asked for nothing')),
    account: () => Promise.reject(new Error('is asked for nothing')),
    async cutPower(seed) {
      deeds.push(`cut ${number} with ${seed}`);
      mkdirSync(`${directory}.next`);
      rmSync(directory, { recursive: true });
      renameSync(`${directory}.next`, directory);
      return { bytesDropped: 10, filesReverted: 1, namesReverted: 0, lengths: {} };
    },
  };
}

function site(
  victims: Victim[],
  changes: { back?: 'together' | 'leader-last'; roles?: () => Promise<Roles> } = {},
): FaultSite<{ back: 'together' | 'leader-last' }> {
  const roles = changes.roles ?? (async () => ({ leaders: [1, 2, 2], coordinator: 1 }));
  return { victims, seed: 40, options: { back: changes.back ?? 'together' }, roles };
}

describe('a power cut', () => {
  test('freezes all its victims before it takes anything from one, and counts from there', async () => {
    const where = site([node(1), node(2)]);
    const effectiveAt = await powerCut.inject(where);
    expect(deeds).toEqual([
      'pause 1',
      'pause 2',
      'kill 1',
      'kill 2',
      'cut 1 with 41',
      'cut 2 with 42',
    ]);
    expect(effectiveAt).toBe(2e6);
    const proof = await powerCut.probe(where, 'injected');
    expect(proof.result).toBe('confirmed');
    expect(proof.evidence).toContain('node 2 lost 10 un-synced bytes');
    expect(proof.evidence).toContain('frozen to killed in 2 ms');
  });

  test('took effect although something went wrong after it, which leaves it unproven', async () => {
    const disk = (number: number): NodeDisk => ({
      ...(emulated(number, join(root, String(number), 'live')) as NodeDisk & { form: 'emulated' }),
      cutPower: () => Promise.reject(new Error('its directory is busy')),
    });
    const where = site([node(1, { disk: disk(1) }), node(2)]);
    expect(await powerCut.inject(where)).toBe(2e6);
    const proof = await powerCut.probe(where, 'injected');
    expect(proof.result).not.toBe('confirmed');
    expect(proof.evidence).toContain('the power was cut, but its directory is busy');
  });

  test('takes what its victims had still to send, before they are gone', async () => {
    const links = {
      rules: [{ id: 'slow', kind: 'delay' }],
      sites: [1, 2, 3].map((number) => ({ name: `node-${number}`, kind: 'node' as const })),
      reset: async (among: readonly { from: string; to: string }[]) => {
        deeds.push(`reset ${among.map(({ from, to }) => `${from}>${to}`).join(' ')}`);
        return { atNanos: 0, connections: 2 };
      },
    };
    await powerCut.inject({ ...site([node(1)]), links: links as unknown as Links });
    const reset = 'reset node-1>node-2 node-1>node-3';
    expect(deeds.slice(0, 4)).toEqual(['pause 1', reset, reset, 'kill 1']);
  });

  test('shuts own file systems down between freezing and killing, and unmounts them after', async () => {
    const does = (deed: string) => async (): Promise<number> => {
      deeds.push(deed);
      return ++time * 1e6;
    };
    const directory = join(root, '1', 'live');
    const disk: NodeDisk = {
      form: 'xfs',
      directory,
      mountPoint: join(root, '1'),
      armShutDown: async () => void deeds.push('arm'),
      freezeAndShutDown: async () => ({
        frozenAt: await does('freeze and shut down')(),
        ends: [],
      }),
      shutDown: () => Promise.reject(new Error('is shut down as its node is frozen')),
      unmount: does('unmount'),
      mount: does('mount'),
    };
    const where = site([node(1, { disk })]);
    await powerCut.inject(where);
    await powerCut.heal(where);
    expect(deeds).toEqual([
      'arm',
      'freeze and shut down',
      'kill 1',
      'unmount',
      'kill 1',
      'unmount',
      'mount',
      'start 1',
    ]);
  });

  test('is over when all are back, and took what it took once', async () => {
    const where = site([node(1), node(2)]);
    await powerCut.inject(where);
    deeds = [];
    await powerCut.heal(where);
    expect(deeds).toEqual(['kill 1', 'kill 2', 'start 1', 'start 2']);
    expect((await powerCut.probe(where, 'healed')).result).toBe('confirmed');
  });

  test('brings who led back last, once the others have elected', async () => {
    let asked = 0;
    const elections = [
      [1, 2, 2],
      [3, 0, 0],
      [2, 3, 3],
      [1, 3, 3],
    ];
    const roles = async (): Promise<Roles> => {
      deeds.push('roles');
      return { leaders: elections[asked++] ?? [], coordinator: 0 };
    };
    const where = site([node(1), node(2), node(3)], { back: 'leader-last', roles });
    await powerCut.inject(where);
    deeds = [];
    await powerCut.heal(where);
    expect(deeds.slice(3)).toEqual(['start 1', 'start 3', 'roles', 'roles', 'roles', 'start 2']);
  });

  test('waits for no election where the supervisor, and all with it, has gone', async () => {
    let isGone = false;
    const roles = async (): Promise<Roles> => {
      isGone = true;
      return { leaders: [1, 2, 2], coordinator: 0 };
    };
    const state = async (): Promise<NodeState> => {
      if (isGone) throw new Error('the supervisor has ended');
      return 'running';
    };
    const where = site([node(1, { state })], { back: 'leader-last', roles });
    await powerCut.inject(where);
    await expect(powerCut.heal(where)).rejects.toThrow('the supervisor has ended');
  });

  test('that failed half-way is still healed', async () => {
    const stubborn = node(2, { pause: () => Promise.reject(new Error('node-2 has ended')) });
    const where = site([node(1), stubborn]);
    await expect(powerCut.inject(where)).rejects.toThrow('node-2 has ended');
    deeds = [];
    await powerCut.heal(where);
    expect(deeds.filter((deed) => /start|kill/.test(deed))).toEqual([
      'kill 1',
      'kill 2',
      'start 1',
      'start 2',
    ]);
  });

  test('leaves a node alone whose disk it cannot cut off', async () => {
    const where = site([node(1, { disk: { form: 'plain', directory: root } })]);
    await expect(powerCut.inject(where)).rejects.toThrow(
      'the power of node 1 cannot be cut: its storage is plain',
    );
    await powerCut.heal(where);
    expect(deeds).toEqual([]);
    expect((await powerCut.probe(where, 'injected')).result).toBe('inconclusive');
  });
});
