import { describe, expect, test } from 'vitest';
import { SimDisk } from '../env/sim/disk.ts';
import { SimLinks } from '../env/sim/links.ts';
import { SimNetwork } from '../env/sim/network.ts';
import { SimProcess } from '../env/sim/process.ts';
import { SimRandom } from '../env/sim/random.ts';
import { SimScheduler } from '../env/sim/scheduler.ts';
import type { BrokerError } from '../errors.ts';
import { BatchKind, createBatch, headerIntact, readBatchHeader } from '../protocol/batch.ts';
import type { Entry, Message } from '../raft/types.ts';
import { Replica } from './replica.ts';
import type { ReplicaOptions } from './replica.ts';
import type { StateMachine } from './state-machine.ts';
import { FailingDisk } from './testing/failing-disk.ts';

/** Keeps the bodies of the records that it was fed. */
class ListMachine implements StateMachine {
  texts: string[] = [];
  restored = 0;

  apply(entry: Entry): void {
    if (readBatchHeader(entry.bytes).kind === BatchKind.records) {
      this.texts.push(entry.bytes.subarray(68).toString());
    }
  }

  snapshot(): Buffer {
    return Buffer.from(this.texts.join(','));
  }

  restore(snapshot: Buffer | undefined): void {
    this.texts = snapshot === undefined ? [] : snapshot.toString().split(',');
    this.restored = this.texts.length;
  }
}

function records(text: string, recordCount = 1): Buffer {
  return createBatch({ kind: BatchKind.records, recordCount }, Buffer.from(text));
}

function granted(type: 'pre-vote-response' | 'vote-response'): Message {
  return { type, from: 2, to: 1, term: 1, granted: true };
}

/** One replica over simulated parts; `life` starts it, or starts it again. */
function world(overrides: Partial<ReplicaOptions> = {}, failing?: FailingDisk) {
  const scheduler = new SimScheduler();
  const random = new SimRandom(1);
  const process = new SimProcess(scheduler);
  const disk = new SimDisk({ scheduler: process, random });
  const network = new SimNetwork(new SimLinks({ scheduler, random }));
  const bare = { clock: process, disk, network: network.host('a', process), random };
  const env = failing === undefined ? bare : failing.around(bare);
  const pass = (ms: number): Promise<void> => scheduler.run({ untilMs: scheduler.nowMs() + ms });

  const life = async () => {
    const machine = new ListMachine();
    const failures: BrokerError[] = [];
    let advances = 0;
    const opening = Replica.open({
      env,
      groupId: 1,
      nodeId: 1,
      voters: [1],
      directory: 'group-1',
      flush: { mode: 'sync', intervalMs: 0 },
      segmentBytes: 1024,
      retentionBytes: 0,
      retentionMs: 0,
      cacheBytes: 0,
      electionTimeoutMs: 100,
      heartbeatMs: 20,
      machine,
      send: () => {},
      onAdvance: () => advances++,
      onFailed: (error) => failures.push(error),
      ...overrides,
    });
    await pass(100);
    const replica = await opening;
    replica.tick(10);
    await pass(50);
    return { replica, machine, failures, advances: () => advances };
  };
  return { scheduler, process, disk, random, pass, life };
}

describe('a replica', () => {
  test('of a group of one commits without a network, and fills the broker’s fields', async () => {
    const { life, pass } = world();
    const { replica, machine } = await life();
    const batch = records('a', 3);
    expect(replica.propose(batch)).toEqual({ index: 2, term: 1, baseOffset: 0 });
    expect(replica.propose(records('b'))).toEqual({ index: 3, term: 1, baseOffset: 3 });
    expect(headerIntact(batch)).toBe(true);
    expect(readBatchHeader(batch)).toMatchObject({ index: 2, term: 1, baseOffset: 0 });
    expect(replica.lastIndex).toBe(3);
    await pass(20);
    expect(replica.commitIndex).toBe(3);
    expect(replica.appliedIndex).toBe(3);
    expect(machine.texts).toEqual(['a', 'b']);
  });

  test('handles a thousand proposals of one turn in one pass', async () => {
    const { life, pass } = world({ segmentBytes: 1 << 20 });
    const { replica, advances } = await life();
    const before = advances();
    for (let n = 0; n < 1_000; n++) replica.propose(records('x'));
    await pass(20);
    expect(replica.appliedIndex).toBe(1_001);
    expect(advances() - before).toBeLessThan(4);
  });

  test('that does not lead appends nothing and answers no read', async () => {
    const { life } = world({ voters: [1, 2, 3] });
    const { replica } = await life();
    expect(replica.propose(records('a'))).toBeUndefined();
    expect(replica.lastIndex).toBe(0);
    await expect(replica.readIndex()).rejects.toMatchObject({ code: 'not-leader' });
  });

  test('answers a read once what is before it is applied', async () => {
    const { life, pass } = world();
    const { replica } = await life();
    replica.propose(records('a'));
    await pass(20);
    const reading = replica.readIndex();
    await pass(1);
    expect(await reading).toBe(2);
  });

  test('has its state back after a power cut, from the last snapshot on', async () => {
    const { life, pass, process, disk, random } = world();
    const first = await life();
    const texts = Array.from({ length: 30 }, (_, n) => `value-${n}`);
    for (const text of texts) {
      first.replica.propose(records(text));
      await pass(20);
    }
    process.kill();
    disk.crash(random);
    const second = await life();
    expect(second.machine.restored).toBeGreaterThan(0);
    expect(second.machine.texts).toEqual(texts);
    expect(second.replica.term).toBe(2);
  });

  test('stops when a sync fails, says why, and can still be read', async () => {
    const { life, pass, disk } = world();
    const { replica, failures } = await life();
    replica.propose(records('kept'));
    await pass(20);
    disk.failSyncs(1);
    replica.propose(records('lost'));
    await pass(50);
    expect(failures).toMatchObject([{ code: 'disk-failed' }]);
    expect(replica.failure?.message).toMatch(/sync/i);
    expect(replica.role).toBe('follower');
    expect(replica.propose(records('more'))).toBeUndefined();
    expect(replica.commitIndex).toBe(2);
    const reading = replica.log.readRecords({ offset: 0, indexMax: 2, bytesMax: 100 });
    await pass(20);
    expect((await reading).subarray(68).toString()).toBe('kept');
  });

  test('waits for space when the disk is full, and goes on', async () => {
    const { life, pass, disk } = world();
    const { replica, failures } = await life();
    disk.setFull(true);
    replica.propose(records('a'));
    await pass(50);
    expect(replica.diskFull).toBe(true);
    expect(replica.commitIndex).toBe(1);
    disk.setFull(false);
    await pass(1_000);
    expect(replica.diskFull).toBe(false);
    expect(replica.commitIndex).toBe(2);
    expect(failures).toEqual([]);
  });

  test('of several neither votes nor leads while its vote finds no space, then goes on', async () => {
    const failing = new FailingDisk();
    const sent: Message[] = [];
    const send = (message: Message): void => void sent.push(message);
    const { life, pass } = world({ voters: [1, 2, 3], send }, failing);
    const { replica, failures } = await life();
    sent.length = 0;
    failing.full = true;
    const asked = { type: 'vote', from: 2, to: 1, term: 7, lastIndex: 0, lastTerm: 0 } as const;
    replica.step(asked);
    await pass(1_000);
    for (let tick = 0; tick < 100; tick++) replica.tick(10);
    await pass(1_000);
    expect(sent).toEqual([]);
    expect(replica).toMatchObject({ role: 'follower', leader: 0, diskFull: true });
    expect(failures).toEqual([]);
    failing.full = false;
    await pass(1_000);
    expect(sent).toMatchObject([{ type: 'vote-response', to: 2, term: 7, granted: true }]);
    expect(replica.diskFull).toBe(false);
  });

  test('that reads damage from its disk stops, and says in which file', async () => {
    const { life, pass, disk } = world();
    const { replica, failures } = await life();
    for (let n = 0; n < 20; n++) {
      replica.propose(records(`value ${n}`.padEnd(100)));
      await pass(20);
    }
    const [segment] = (await Promise.all([disk.list('group-1'), pass(5)]))[0].filter((name) =>
      name.endsWith('.log'),
    );
    disk.flipBit(`group-1/${segment}`, 8 * 400);
    const reading = Promise.resolve(
      replica.log.readRecords({ offset: 0, indexMax: 9, bytesMax: 4_000 }),
    ).catch((error: unknown) => error);
    await pass(50);
    expect(await reading).toMatchObject({ code: 'corrupt-log' });
    expect(failures).toMatchObject([{ code: 'corrupt-log' }]);
    expect(failures[0]!.message).toContain(`group-1/${segment} is damaged at byte`);
    expect(replica.propose(records('more'))).toBeUndefined();
  });

  test('that is the only one and ends before it was synced says so and does not open', async () => {
    const { life, pass, process, disk } = world();
    const { replica } = await life();
    replica.propose(records('kept'));
    await pass(20);
    replica.propose(records('acked, and gone'));
    await pass(20);
    process.kill();
    disk.kill();
    disk.tearTail('group-1', { ending: '.log', bytes: 10, sparing: 64 });
    const why = /group-1 ends at index 2, but it was synced up to 3.*restore the directory/;
    await expect(life()).rejects.toMatchObject({ code: 'corrupt-log', message: why });
  });

  test('whose sync failed has after a reboot what is on disk, and goes on', async () => {
    for (const mode of ['sync', 'async'] as const) {
      const { life, pass, process, disk, random } = world({ flush: { mode, intervalMs: 20 } });
      const first = await life();
      first.replica.propose(records('kept'));
      await pass(100);
      disk.failSyncs(1);
      first.replica.propose(records('lost'));
      await pass(100);
      expect(first.failures).toMatchObject([{ code: 'disk-failed' }]);
      process.kill();
      disk.crash(random);
      const { replica, machine, failures } = await life();
      replica.propose(records('after'));
      await pass(100);
      expect([machine.texts, failures]).toEqual([['kept', 'after'], []]);
    }
  });

  test('does not have a batch that was half written when the disk filled up', async () => {
    const { life, pass, process, disk } = world({ segmentBytes: 1 << 20 });
    const { replica } = await life();
    replica.propose(records('whole'));
    await pass(20);
    disk.setFull(true);
    replica.propose(records('half'.repeat(50)));
    await pass(50);
    expect(replica.diskFull).toBe(true);
    const reading = replica.log.readRecords({ offset: 0, indexMax: 2, bytesMax: 4_000 });
    await pass(20);
    expect((await reading).subarray(68).toString()).toBe('whole');
    process.kill();
    disk.kill();
    disk.setFull(false);
    expect((await life()).machine.texts).toEqual(['whole']);
  });

  test.each([
    ['a batch', (replica: Replica) => void replica.propose(records('late'))],
    ['a read', (replica: Replica) => void replica.readIndex().catch(() => {})],
    ['a message', (replica: Replica) => replica.step(granted('vote-response'))],
  ])(
    'that was paused while it led steps down before it takes %s that waited',
    async (_, wakeBy) => {
      const sent: Message[] = [];
      const { life, pass } = world({
        voters: [1, 2, 3],
        send: (message) => void sent.push(message),
      });
      const { replica } = await life();
      replica.step(granted('pre-vote-response'));
      await pass(30);
      replica.step(granted('vote-response'));
      await pass(30);
      expect(replica.role).toBe('leader');
      const { lastIndex } = replica;
      sent.length = 0;
      await pass(5_000);
      wakeBy(replica);
      expect([replica.role, replica.lastIndex]).toEqual(['follower', lastIndex]);
      await expect(replica.readIndex()).rejects.toMatchObject({ code: 'not-leader' });
      await pass(30);
      expect(sent).toEqual([]);
    },
  );

  test('that was paused for less than the election time-out still leads', async () => {
    const { life, pass } = world({ voters: [1, 2, 3] });
    const { replica } = await life();
    replica.step(granted('pre-vote-response'));
    await pass(30);
    replica.step(granted('vote-response'));
    replica.tick(10);
    await pass(100);
    expect(replica.propose(records('in time'))).toBeDefined();
    expect(replica.role).toBe('leader');
  });

  test('rejects what waits when it is closed', async () => {
    const { life, pass } = world({ voters: [1, 2, 3] });
    const { replica } = await life();
    const closing = replica.close();
    await pass(50);
    await closing;
    expect(replica.propose(records('a'))).toBeUndefined();
    await expect(replica.readIndex()).rejects.toMatchObject({ code: 'not-leader' });
  });
});
