import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Links } from '../cluster/links.ts';
import { bitFlip } from './bit-flip.ts';
import { logsBelow } from './damage/logs.ts';
import type { Fault, FaultSite, Inspection } from './fault.ts';
import { missingFile } from './missing-file.ts';
import { FakeNode } from './testing/fake-node.ts';
import { tornTail } from './torn-tail.ts';

vi.mock('./patience.ts', async () => await import('./testing/impatience.ts'));

const segmentBytes = 10_000;
let folder: string;
let deeds: string[];
let node: FakeNode;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-damage-'));
  deeds = [];
  node = new FakeNode({ deeds, disk: { form: 'plain', directory: join(folder, 'node-1') } });
  for (const log of ['group-0', 'group-7', 'group-8']) writeLog(log, [1, 20, 300]);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const nameOf = (first: number): string => `${String(first).padStart(20, '0')}.log`;

function writeLog(log: string, firsts: readonly number[]): void {
  const directory = join(folder, 'node-1', log);
  mkdirSync(directory, { recursive: true });
  for (const first of firsts) {
    const bytes = Buffer.from(Array.from({ length: segmentBytes }, (_, at) => (at * first) % 251));
    writeFileSync(join(directory, nameOf(first)), bytes);
  }
  writeFileSync(join(directory, 'hard-state'), 'not a segment');
}

/** All segments of the logs of clients, by the names that the node uses. */
async function contents(): Promise<Map<string, Buffer>> {
  const logs = await logsBelow(join(folder, 'node-1'));
  const paths = logs.flatMap(({ segments }) => segments);
  return new Map(
    paths.map((path) => [`${basename(dirname(path))}/${basename(path)}`, readFileSync(path)]),
  );
}

const pathOf = (name: string): string => join(folder, 'node-1', name);

function siteOf<Options>(fault: Fault<Options>, given: object, seed = 1): FaultSite<Options> {
  return {
    victims: [node],
    options: fault.options.parse(given),
    seed,
    roles: () => Promise.reject(new Error('is not asked')),
  };
}

/** Names of the files in which `after` differs, with the bytes that do. */
function differences(before: Map<string, Buffer>, after: Map<string, Buffer>): string[] {
  return [...before].flatMap(([name, bytes]) => {
    const now = after.get(name);
    if (now === undefined) return [`${name} is gone`];
    if (now.length !== bytes.length) return [`${name} has ${now.length - bytes.length} bytes more`];
    const flipped = [...now].reduce((bits, byte, at) => {
      let changed = byte ^ bytes[at]!;
      let count = 0;
      for (; changed > 0; changed &= changed - 1) count++;
      return bits + count;
    }, 0);
    return flipped === 0 ? [] : [`${name} has ${flipped} other bits`];
  });
}

const whole: Inspection = { records: 100, damaged: 0, complete: true, reason: '' };

describe.each([
  {
    fault: bitFlip as Fault,
    given: { bits: 3, in: 'older' },
    does: /^group-[78]\/0+(1|20)\.log has 3 other bits$/,
  },
  {
    fault: bitFlip as Fault,
    given: { in: 'newest' },
    does: /^group-[78]\/0+300\.log has 1 other bits$/,
  },
  {
    fault: tornTail as Fault,
    given: { bytes: 1234 },
    does: /^group-[78]\/0+300\.log has -1234 bytes more$/,
  },
  { fault: missingFile as Fault, given: {}, does: /^group-[78]\/0+20\.log is gone$/ },
  {
    fault: missingFile as Fault,
    given: { which: 'oldest' },
    does: /^group-[78]\/0+1\.log is gone$/,
  },
])('$fault.kind $given', ({ fault, given, does }) => {
  test('damages one log of one dead node, as its seed says, and starts it', async () => {
    const before = await contents();
    node.onLaunch = () => void deeds.push('launched');
    const killedAt = await fault.inject(siteOf(fault, given));
    expect(killedAt).toBe(1e6);
    expect(deeds).toEqual(['kill 1', 'launch 1', 'launched']);
    const changed = differences(before, await contents());
    expect(changed).toEqual([expect.stringMatching(does)]);
    expect(readFileSync(pathOf('group-0/' + nameOf(1)))).toHaveLength(segmentBytes);
  });

  test('is put back where the node refused to start, and the node started on it', async () => {
    const before = await contents();
    const site = siteOf(fault, given);
    node.onLaunch = () => void (node.now = 'stopped');
    await fault.inject(site);
    deeds.length = 0;
    await fault.heal(site);
    expect(differences(before, await contents())).toEqual([]);
    expect(deeds).toEqual(['kill 1', 'start 1']);
    const { result, evidence } = await fault.probe(site, 'healed');
    expect(result).toBe('confirmed');
    expect(evidence).toContain('what was damaged was put back');
    expect(evidence).toContain('node 1 handed out 100 records, all as they were written');
  });

  test('is confirmed by a node that refuses to run and names the log', async () => {
    const site = siteOf(fault, given);
    const log = /group-[78]/;
    const before = await contents();
    node.onLaunch = () => void (node.now = 'stopped');
    await fault.inject(site);
    const [hit] = differences(before, await contents()).map((text) => log.exec(text)![0]);
    expect(await fault.probe(site, 'injected')).toMatchObject({
      result: 'mismatch',
      evidence: expect.stringContaining(`node 1 ended and did not name ${hit}`) as string,
    });
    node.said.push(`corrupt-log: ${hit}/${nameOf(1)} is damaged at byte 4711`);
    expect(await fault.probe(site, 'injected')).toMatchObject({
      result: 'confirmed',
      evidence: expect.stringContaining('node 1 refused to run: "corrupt-log') as string,
    });
  });

  test('is a mismatch where anything damaged was handed out', async () => {
    const site = siteOf(fault, given);
    await fault.inject(site);
    for (const complete of [true, false]) {
      const reason = complete ? '' : 'group-7 and group-8 are damaged';
      node.handsOut = [{ records: 30, damaged: 1, complete, reason }];
      for (const when of ['injected', 'healed'] as const) {
        const { result, evidence } = await fault.probe(site, when);
        expect(result).toBe('mismatch');
        expect(evidence).toMatch(/1 of 30 records that are damaged|30 records, 1 of them damaged/);
      }
    }
  });

  test('is different for another seed', async () => {
    const told = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      rmSync(join(folder, 'node-1'), { recursive: true });
      for (const log of ['group-0', 'group-7', 'group-8']) writeLog(log, [1, 20, 300, 4000]);
      const before = await contents();
      await fault.inject(siteOf(fault, given, seed));
      told.add(differences(before, await contents()).join());
    }
    expect(told.size).toBeGreaterThan(1);
  });
});

test('A log is a folder of segments; what the broker keeps for itself is none of them', async () => {
  writeLog('__offsets-1', [1]);
  const logs = await logsBelow(join(folder, 'node-1'));
  expect(logs).toEqual(
    ['group-7', 'group-8'].map((name) => ({
      name,
      segments: [1, 20, 300].map((first) => pathOf(`${name}/${nameOf(first)}`)),
    })),
  );
});

test('A torn tail takes what there is where that is less than it was to take, from the longest', async () => {
  truncateSync(pathOf(`group-7/${nameOf(300)}`), 500);
  const before = await contents();
  await tornTail.inject(siteOf(tornTail as Fault, { bytes: 20_000 }) as never);
  expect(differences(before, await contents())).toEqual([
    `group-8/${nameOf(300)} has -9936 bytes more`,
  ]);
});

test('A node whose supervisor goes while it opens what it has is not waited for', async () => {
  const site = siteOf(missingFile as Fault, {});
  await missingFile.inject(site as never);
  await missingFile.heal(site as never);
  node.handsOut = [{ ...whole, complete: false, reason: 'is being opened' }];
  const inspect = vi.spyOn(node, 'inspect');
  node.state = () =>
    inspect.mock.calls.length === 0
      ? Promise.resolve('running')
      : Promise.reject(new Error('the supervisor has ended'));
  const probing = missingFile.probe(site as never, 'healed');
  await expect(probing).rejects.toThrow('the supervisor has ended');
  expect(inspect).toHaveBeenCalledOnce();
});

test('The file that is missing in the middle is never the first nor the last', async () => {
  const taken = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) {
    const before = await contents();
    const site = siteOf(missingFile as Fault, {}, seed);
    await missingFile.inject(site as never);
    const [missing] = differences(before, await contents());
    taken.add(/(\d+)\.log is gone/.exec(missing!)![1]!);
    await missingFile.heal(site as never);
  }
  expect([...taken].map(Number)).toEqual([20]);
});

test('A node that is healed is given time to open what it has', async () => {
  const site = siteOf(missingFile as Fault, {});
  await missingFile.inject(site as never);
  await missingFile.heal(site as never);
  node.handsOut = [{ ...whole, records: 3, complete: false, reason: 'is being opened' }, whole];
  expect((await missingFile.probe(site as never, 'healed')).result).toBe('confirmed');
  node.handsOut = [{ ...whole, records: 3, complete: false, reason: 'is being opened' }];
  expect(await missingFile.probe(site as never, 'healed')).toMatchObject({
    result: 'mismatch',
    evidence: expect.stringContaining('3 records and no more: is being opened') as string,
  });
});

test('What the dead node had still to send over a slow link is gone with it', async () => {
  const reset: unknown[] = [];
  const links = {
    rules: [{ id: 'slow', kind: 'delay' }],
    sites: [{ name: 'node-1' }, { name: 'node-2' }],
    reset: async (pairs: unknown[]) => {
      reset.push([...deeds], ...pairs);
    },
  } as unknown as Links;
  await tornTail.inject({ ...siteOf(tornTail as Fault, {}), links } as never);
  // Once while it dies, and once nobody is left to send more; before it is started again.
  const queue = { from: 'node-1', to: 'node-2' };
  expect(reset).toEqual([['kill 1'], queue, ['kill 1'], queue]);
});

describe('damage that the node has not noticed', () => {
  test('proves nothing yet, and is put back with the node killed for it', async () => {
    const before = await contents();
    const site = siteOf(bitFlip as Fault, { in: 'older' });
    await bitFlip.inject(site as never);
    expect(await bitFlip.probe(site as never, 'injected')).toMatchObject({
      result: 'inconclusive',
      evidence: expect.stringContaining('node 1 was never asked for what is damaged') as string,
    });
    deeds.length = 0;
    await bitFlip.heal(site as never);
    expect(deeds).toEqual(['kill 1', 'start 1']);
    expect(differences(before, await contents())).toEqual([]);
  });

  test('is confirmed once reading it is refused with the name of the log, and not without', async () => {
    const before = await contents();
    const site = siteOf(bitFlip as Fault, { in: 'older' });
    await bitFlip.inject(site as never);
    const [hit] = differences(before, await contents()).map((text) => text.split(' ')[0]!);
    node.handsOut = [{ ...whole, complete: false, reason: 'nothing came for 2000 ms' }];
    expect((await bitFlip.probe(site as never, 'injected')).result).toBe('mismatch');
    node.handsOut = [{ ...whole, complete: false, reason: `${hit} is damaged at byte 7` }];
    expect((await bitFlip.probe(site as never, 'injected')).result).toBe('confirmed');
  });
});

describe('damage that the node has mended', () => {
  test('is confirmed by whole files that are handed out, and left alone', async () => {
    const site = siteOf(bitFlip as Fault, { in: 'newest' });
    const hit = join(folder, 'node-1');
    node.onLaunch = () => {
      for (const log of ['group-7', 'group-8']) truncateSync(join(hit, log, nameOf(300)), 0);
    };
    await bitFlip.inject(site as never);
    expect((await bitFlip.probe(site as never, 'injected')).result).toBe('confirmed');
    const mended = await contents();
    deeds.length = 0;
    await bitFlip.heal(site as never);
    expect(deeds).toEqual(['start 1']);
    expect(differences(mended, await contents())).toEqual([]);
    expect((await bitFlip.probe(site as never, 'healed')).evidence).toContain(
      'nothing to put back',
    );
  });

  test('is never overwritten by a torn tail that is put back: the log has gone on another way', async () => {
    const before = await contents();
    const site = siteOf(tornTail as Fault, { bytes: 1000 });
    await tornTail.inject(site as never);
    const [hit] = differences(before, await contents()).map((text) => text.split(' ')[0]!);
    truncateSync(pathOf(hit!), segmentBytes - 1500);
    appendFileSync(pathOf(hit!), 'other');
    node.now = 'stopped';
    await tornTail.heal(site as never);
    expect(String(readFileSync(pathOf(hit!)).subarray(-5))).toBe('other');
  });

  test('is put back from further back, where the node has cut its log back to a whole batch', async () => {
    const before = await contents();
    const site = siteOf(tornTail as Fault, { bytes: 1000 });
    await tornTail.inject(site as never);
    const [hit] = differences(before, await contents()).map((text) => text.split(' ')[0]!);
    truncateSync(pathOf(hit!), segmentBytes - 1500);
    node.now = 'stopped';
    await tornTail.heal(site as never);
    expect(differences(before, await contents())).toEqual([]);
  });
});

describe('a node whose logs are not fit for it', () => {
  test.each([
    { fault: bitFlip as Fault, given: { in: 'older' }, why: 'no log has an older segment' },
    { fault: tornTail as Fault, given: {}, why: 'no log has an end to cut off', bytes: 64 },
    { fault: missingFile as Fault, given: {}, why: 'no log has three segments' },
    { fault: missingFile as Fault, given: { which: 'oldest' }, why: 'no log has two segments' },
  ])(
    'is told so in a sentence, started again and left as it was: $why',
    async ({ fault, given, why, bytes }) => {
      rmSync(join(folder, 'node-1'), { recursive: true });
      for (const log of ['group-0', 'group-7']) writeLog(log, [1]);
      truncateSync(pathOf(`group-7/${nameOf(1)}`), bytes ?? segmentBytes);
      const before = await contents();
      const site = siteOf(fault, given);
      await expect(fault.inject(site)).rejects.toThrow(why);
      await fault.heal(site);
      expect(deeds).toEqual(['kill 1', 'start 1']);
      expect(differences(before, await contents())).toEqual([]);
      expect(existsSync(join(folder, 'node-1.aside'))).toBe(false);
      expect((await fault.probe(site, 'injected')).result).toBe('inconclusive');
    },
  );
});
