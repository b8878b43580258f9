import { describe, expect, test } from 'vitest';
import { BatchKind } from '../protocol/batch.ts';
import type { Entry } from '../raft/types.ts';
import { fileName } from './segment-format.ts';
import type { Log } from './log.ts';
import { entriesAfter, LogWorld } from './testing/world.ts';

const segmentPath = (index: number): string => `group-1/${fileName(index, 'log')}`;
const bytesOf = (entries: readonly Entry[]): Buffer =>
  Buffer.concat(entries.map((entry) => entry.bytes));

async function allRecords(world: LogWorld, log: Log): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = log.startOffset; offset < log.nextOffset;) {
    const part = await world.run(
      Promise.resolve(log.readRecords({ offset, indexMax: log.lastIndex, bytesMax: 2000 })),
    );
    parts.push(part);
    for (let at = 0; at < part.length; at += part.readUInt32LE(at)) {
      offset += part.readUInt32LE(at + 56);
    }
  }
  return Buffer.concat(parts);
}

/** Not `toEqual`, which takes its time over long buffers. */
function expectSame(bytes: Buffer, entries: readonly Entry[]): void {
  expect(bytes.equals(bytesOf(entries))).toBe(true);
}

describe('an empty log', () => {
  test('begins at index 1 and offset 0, after term 0', async () => {
    const world = new LogWorld();
    const log = await world.open();
    expect([log.firstIndex, log.lastIndex, log.persistedIndex]).toEqual([1, 0, 0]);
    expect([log.startOffset, log.nextOffset]).toEqual([0, 0]);
    expect(log.termAt(0)).toBe(0);
    expect(log.termAt(1)).toBeUndefined();
    expect(log.entriesInMemory(1, 100)).toEqual([]);
    expect(log.recovery).toEqual({ tornBytes: 0, entries: 0, segments: 1 });
    expect(log.snapshotDue(0)).toBe(false);
  });

  test('is still empty when it is opened again', async () => {
    const world = new LogWorld();
    await world.run((await world.open()).close());
    expect((await world.open()).lastIndex).toBe(0);
  });
});

describe('an append', () => {
  test('is readable at once and reported once it is synced', async () => {
    const world = new LogWorld();
    const log = await world.open();
    const entries = entriesAfter(log, [10, 20, 30]);
    log.append(entries);
    expect(log.lastIndex).toBe(3);
    expect(log.persistedIndex).toBe(0);
    expect(log.entriesInMemory(1, 1e6)).toEqual(entries);
    expect(log.entriesInMemory(2, 1)).toEqual([entries[1]]);
    expect(log.readRecords({ offset: 0, indexMax: 3, bytesMax: 1e6 })).toEqual(bytesOf(entries));
    await world.settle(log);
    expect(world.persisted).toEqual([3]);
    world.powerCut();
    const again = await world.open();
    expectSame(await allRecords(world, again), entries);
  });

  test('that arrives while a sync runs goes out with all others in one write', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(entriesAfter(log, [10]));
    await world.pass(0.05);
    for (let turn = 0; turn < 50; turn++) log.append(entriesAfter(log, [10]));
    await world.settle(log);
    expect(world.persisted).toEqual([1, 51]);
  });

  test('keeps no slice of the buffer that it came in', async () => {
    const world = new LogWorld();
    const log = await world.open();
    const received = Buffer.alloc(65_536);
    const [entry] = entriesAfter(log, [100]);
    const bytes = received.subarray(0, entry!.bytes.length);
    entry!.bytes.copy(bytes);
    log.append([{ ...entry!, bytes }]);
    expect(log.entriesInMemory(1, 1e6)![0]!.bytes.buffer).not.toBe(received.buffer);
    expect(log.entriesInMemory(1, 1e6)).toEqual([entry]);
  });

  test('with a gap in index or offset is a bug', async () => {
    const world = new LogWorld();
    const log = await world.open();
    const entries = entriesAfter(log, [10, 10]);
    expect(() => log.append([entries[1]!])).toThrow('follow one another');
    log.append([entries[0]!]);
    const [skipping] = entriesAfter({ lastIndex: 1, nextOffset: 9 }, [10]);
    expect(() => log.append([skipping!])).toThrow('follow one another');
  });
});

describe('reading', () => {
  test('gives whole batches from the one that holds the offset, memory or disk alike', async () => {
    for (const cacheBytes of [1 << 20, 0]) {
      const world = new LogWorld();
      const log = await world.open({ cacheBytes });
      const entries = entriesAfter(log, [100, 200, 300, 400]);
      log.append(entries);
      await world.settle(log);
      const read = (offset: number, indexMax: number, bytesMax: number): Promise<Buffer> =>
        world.run(Promise.resolve(log.readRecords({ offset, indexMax, bytesMax })));
      // Record counts are 2, 3, 1, 2.
      expect(await read(1, 4, 1e6)).toEqual(bytesOf(entries));
      expect(await read(2, 4, 1e6)).toEqual(bytesOf(entries.slice(1)));
      expect(await read(4, 3, 1e6)).toEqual(bytesOf(entries.slice(1, 3)));
      expect(await read(5, 4, 1)).toEqual(entries[2]!.bytes);
      expect(await read(5, 2, 1e6)).toEqual(Buffer.alloc(0));
      expect(await read(8, 4, 1e6)).toEqual(Buffer.alloc(0));
      expect(await world.run(Promise.resolve(log.indexOfOffset(4)))).toBe(2);
      expect(await world.run(log.loadEntries(2, 1e6))).toEqual(entries.slice(1));
      expect(await world.run(log.loadEntries(2, 1))).toEqual([entries[1]]);
      expect(log.entriesInMemory(1, 1e6) === undefined).toBe(cacheBytes === 0);
    }
  });

  test('leaves out commands, which share the log but not the offsets', async () => {
    for (const cacheBytes of [1 << 20, 0]) {
      const world = new LogWorld();
      const log = await world.open({ cacheBytes });
      const records: Entry[] = [];
      for (let turn = 0; turn < 6; turn++) {
        log.append(entriesAfter(log, [5], { kind: BatchKind.command }));
        const entries = entriesAfter(log, [30]);
        records.push(...entries);
        log.append(entries);
      }
      log.append(entriesAfter(log, [5], { kind: BatchKind.noop }));
      await world.settle(log);
      expectSame(await allRecords(world, log), records);
    }
  });

  test('finds the terms of indexes and offsets', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(entriesAfter(log, [1, 1], { term: 3 })); // offsets 0..4
    log.append(entriesAfter(log, [1], { term: 5, kind: BatchKind.noop }));
    log.append(entriesAfter(log, [1], { term: 5 })); // 5, 6
    log.append(entriesAfter(log, [1], { term: 9 })); // 7..9
    const terms = [0, 1, 2, 3, 4, 5, 6].map((index) => log.termAt(index));
    expect(terms).toEqual([0, 3, 3, 5, 5, 9, undefined]);
    const ofOffsets = [0, 4, 5, 6, 7, 9, 10].map((offset) => log.termOfOffset(offset));
    expect(ofOffsets).toEqual([3, 3, 5, 5, 9, 9, undefined]);
    expect([2, 3, 4, 5, 9].map((term) => log.endOffsetOfTerm(term))).toEqual([0, 5, 5, 7, 10]);
  });

  test('holds no more in memory than allowed once it is written', async () => {
    const world = new LogWorld();
    const log = await world.open({ cacheBytes: 20_000, segmentBytes: 1 << 20 });
    for (let turn = 0; turn < 20; turn++) {
      log.append(
        entriesAfter(
          log,
          Array.from({ length: 50 }, () => 100),
        ),
      );
      await world.settle(log);
    }
    expect(log.entriesInMemory(950, 1e6)).toHaveLength(51);
    expect(log.entriesInMemory(900, 1e6)).toBeUndefined();
    expect((await world.run(log.loadEntries(1, 1e6))).length).toBeGreaterThan(900);
  });
});

describe('a truncation', () => {
  test.each([1 << 20, 0])('is followed by what replaces it (cache of %i bytes)', async (bytes) => {
    const world = new LogWorld();
    const log = await world.open({ cacheBytes: bytes });
    const kept = entriesAfter(log, [500, 500, 500, 500]);
    log.append(kept);
    log.append(entriesAfter(log, [900, 900, 900, 900, 900, 900, 900, 900]));
    await world.settle(log);
    log.truncateAfter(4);
    expect([log.lastIndex, log.persistedIndex]).toEqual([4, 4]);
    expect(log.termAt(5)).toBeUndefined();
    const base = { lastIndex: 4, nextOffset: 8 };
    const replacing = entriesAfter(base, [300, 2000, 2000], { term: 2, fill: 0xbb });
    log.append(replacing);
    expect(log.termAt(5)).toBe(2);
    await world.settle(log);
    expectSame(await allRecords(world, log), [...kept, ...replacing]);
    world.powerCut();
    const again = await world.open();
    expectSame(await allRecords(world, again), [...kept, ...replacing]);
  });

  test('that a power cut interrupts leaves the log as it was, as it is, or cut less', async () => {
    const left = new Set<string>();
    for (let seed = 1; seed <= 80; seed++) {
      const world = new LogWorld(seed);
      const log = await world.open();
      const old = entriesAfter(
        log,
        Array.from({ length: 14 }, () => 1000),
      );
      log.append(old);
      await world.settle(log);
      log.truncateAfter(2);
      const replacing = entriesAfter({ lastIndex: 2, nextOffset: 5 }, [700], { term: 2 });
      log.append(replacing);
      await world.pass(world.random.unit() * 40);
      world.powerCut();
      const again = await world.open();
      const isNew = again.termAt(3) === 2;
      const versions = isNew ? [...old.slice(0, 2), ...replacing] : old;
      expectSame(await allRecords(world, again), versions.slice(0, again.lastIndex));
      left.add(isNew ? 'new' : String(again.lastIndex));
    }
    expect([...left].sort()).toEqual(['12', '14', '2', '4', '8', 'new']);
  });

  test('silences the report of a write that it cuts', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(entriesAfter(log, [10, 10, 10, 10]));
    await world.pass(0.05);
    log.truncateAfter(2);
    log.append(entriesAfter(log, [10], { term: 2 }));
    await world.settle(log);
    expect(world.persisted).toEqual([2, 3]);
  });
});

describe('a segment', () => {
  test('rolls when it has reached its size, and the log goes on in the next', async () => {
    const world = new LogWorld();
    const log = await world.open();
    const entries = entriesAfter(
      log,
      Array.from({ length: 30 }, () => 1000),
    );
    for (const entry of entries) log.append([entry]);
    await world.settle(log);
    const names = await world.run(world.disk.list('group-1'));
    expect(names.filter((name) => name.endsWith('.log'))).toEqual(
      [1, 5, 9, 13, 17, 21, 25, 29].map((index) => fileName(index, 'log')),
    );
    expectSame(await allRecords(world, log), entries);
    world.powerCut();
    const again = await world.open();
    expect(again.recovery).toEqual({ tornBytes: 0, entries: 30, segments: 8 });
    expectSame(await allRecords(world, again), entries);
  });

  test('is complete on disk before the next exists, whatever the flush mode', async () => {
    for (const mode of ['sync', 'async', 'os'] as const) {
      const world = new LogWorld();
      const flush = { mode, intervalMs: 1e9 };
      const log = await world.open({ flush });
      log.append(
        entriesAfter(
          log,
          Array.from({ length: 9 }, () => 1000),
        ),
      );
      await world.settle(log);
      await world.pass(50);
      world.powerCut();
      expect((await world.open({ flush })).lastIndex).toBeGreaterThanOrEqual(8);
    }
  });

  test('may lose its index file, which is made anew', async () => {
    const world = new LogWorld();
    const log = await world.open();
    const entries = entriesAfter(
      log,
      Array.from({ length: 30 }, () => 1000),
    );
    log.append(entries);
    await world.run(log.close());
    world.disk.lose(`group-1/${fileName(5, 'index')}`);
    world.disk.flipBit(`group-1/${fileName(9, 'index')}`, 200);
    const again = await world.open();
    expectSame(await allRecords(world, again), entries);
  });
});

describe('snapshots', () => {
  test('are due where a segment begins, and found again', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 9 }, () => 1000),
      ),
    );
    const due = [3, 4, 5, 8, 9].filter((at) => log.snapshotDue(at));
    expect(due).toEqual([4, 8]);
    const saved = log.saveSnapshot({ index: 4, term: 1 }, 8, Buffer.from('state'));
    expect(log.snapshotDue(4)).toBe(false);
    await world.run(saved);
    expect(log.snapshotDue(4)).toBe(false);
    world.powerCut();
    const again = await world.open();
    expect(await world.run(again.latestSnapshot())).toEqual({
      mark: { index: 4, term: 1 },
      nextOffset: 8,
      data: Buffer.from('state'),
    });
    expect(await world.run(again.latestSnapshot(3))).toBeUndefined();
    expect(again.snapshotDue(4)).toBe(false);
  });

  test('that are damaged are passed over', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 9 }, () => 1000),
      ),
    );
    await world.run(log.saveSnapshot({ index: 4, term: 1 }, 8, Buffer.from('old')));
    await world.run(log.saveSnapshot({ index: 8, term: 1 }, 16, Buffer.from('new')));
    world.disk.flipBit(`group-1/${fileName(8, 'snapshot')}`, 41 * 8);
    expect(String((await world.run(log.latestSnapshot()))?.data)).toBe('old');
  });

  test('above a truncation are gone with what they describe', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 9 }, () => 1000),
      ),
    );
    await world.run(log.saveSnapshot({ index: 4, term: 1 }, 8, Buffer.from('old')));
    await world.run(log.saveSnapshot({ index: 8, term: 1 }, 16, Buffer.from('new')));
    log.truncateAfter(6);
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 9 }, () => 100),
        { term: 2 },
      ),
    );
    await world.settle(log);
    expect((await world.run(log.latestSnapshot()))?.mark.index).toBe(4);
    world.powerCut();
    expect((await world.run((await world.open()).latestSnapshot()))?.mark.index).toBe(4);
  });

  test('from a leader replace the whole log', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 9 }, () => 1000),
      ),
    );
    const snapshot = { mark: { index: 50, term: 4 }, nextOffset: 1000, data: Buffer.from('s') };
    const installed = log.install(snapshot);
    expect([log.firstIndex, log.lastIndex, log.nextOffset]).toEqual([51, 50, 1000]);
    expect([log.termAt(49), log.termAt(50)]).toEqual([undefined, 4]);
    const entries = entriesAfter(log, [100, 100], { term: 4 });
    log.append(entries);
    await world.run(installed);
    expect(log.persistedIndex).toBeGreaterThanOrEqual(50);
    await world.settle(log);
    world.powerCut();
    const again = await world.open();
    expect([again.firstIndex, again.lastIndex, again.startOffset]).toEqual([51, 52, 1000]);
    expect(await world.run(again.latestSnapshot())).toEqual(snapshot);
    expectSame(await allRecords(world, again), entries);
    expect(() => again.readRecords({ offset: 999, indexMax: 60, bytesMax: 1 })).toThrow(
      expect.objectContaining({ code: 'offset-out-of-range' }),
    );
  });
});

describe('retention', () => {
  test('drops old segments only below a saved snapshot and the limit', async () => {
    const world = new LogWorld();
    const log = await world.open({ retentionBytes: 9000 });
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 30 }, () => 1000),
      ),
    );
    await world.settle(log);
    log.retain(0);
    expect(log.firstIndex).toBe(1);
    await world.run(log.saveSnapshot({ index: 16, term: 1 }, 32, Buffer.from('s')));
    log.setRetainLimit(10);
    log.retain(0);
    expect(log.firstIndex).toBe(9);
    log.setRetainLimit(1000);
    log.retain(0);
    expect([log.firstIndex, log.startOffset]).toEqual([17, 32]);
    expect([log.termAt(15), log.termAt(16)]).toEqual([undefined, 1]);
    log.append(entriesAfter(log, [10]));
    await world.settle(log);
    world.powerCut();
    const again = await world.open();
    expect([again.firstIndex, again.lastIndex]).toEqual([17, 31]);
    const names = await world.run(world.disk.list('group-1'));
    expect(names.filter((name) => name.endsWith('.log'))[0]).toBe(fileName(17, 'log'));
  });

  test('drops by age', async () => {
    const world = new LogWorld();
    const log = await world.open({ retentionMs: 1000 });
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 9 }, () => 1000),
      ),
    );
    await world.settle(log);
    await world.run(log.saveSnapshot({ index: 8, term: 1 }, 16, Buffer.from('s')));
    log.retain(world.process.wallMs() + 900);
    expect(log.firstIndex).toBe(1);
    log.retain(world.process.wallMs() + 1100);
    expect(log.firstIndex).toBe(9);
  });
});

describe('a damaged directory', () => {
  /** A closed log with 30 entries of 1068 bytes in segments that begin at 1, 5, 9 and so on. */
  async function closedLog(): Promise<LogWorld> {
    const world = new LogWorld();
    const log = await world.open();
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 30 }, () => 1000),
      ),
    );
    await world.run(log.saveSnapshot({ index: 4, term: 1 }, 8, Buffer.from('s')));
    await world.settle(log);
    await world.run(log.close());
    return world;
  }
  const refusal = (what: string): unknown =>
    expect.objectContaining({ code: 'corrupt-log', message: expect.stringContaining(what) });

  test('with a flipped bit before sound data is refused, with file and position', async () => {
    const world = await closedLog();
    world.disk.flipBit(segmentPath(29), (64 + 100) * 8);
    await expect(world.open()).rejects.toEqual(refusal(`${segmentPath(29)} is damaged at byte 64`));
  });

  test('with a flipped bit in an old segment never serves it', async () => {
    const world = await closedLog();
    world.disk.flipBit(segmentPath(5), (64 + 1068 + 500) * 8);
    const log = await world.open();
    const at = `${segmentPath(5)} is damaged at byte ${64 + 1068}`;
    await expect(world.run(log.loadEntries(5, 1e6))).rejects.toEqual(refusal(at));
    await expect(
      world.run(Promise.resolve(log.readRecords({ offset: 10, indexMax: 30, bytesMax: 1e6 }))),
    ).rejects.toEqual(refusal(at));
    expect(await world.run(log.loadEntries(9, 1))).toHaveLength(1);
  });

  test('with a flipped bit in an old segment without its index is refused', async () => {
    const world = await closedLog();
    world.disk.lose(`group-1/${fileName(5, 'index')}`);
    world.disk.flipBit(segmentPath(5), (64 + 1068 * 3 + 500) * 8);
    await expect(world.open()).rejects.toEqual(refusal('newer segments follow'));
  });

  test('with a torn tail loses the torn batch and says so', async () => {
    const world = await closedLog();
    const file = await world.run(world.disk.open(segmentPath(29)));
    await world.run(file.truncate(64 + 1068 + 700));
    const log = await world.open();
    expect(log.lastIndex).toBe(29);
    expect(log.recovery.tornBytes).toBe(700);
    log.append(entriesAfter(log, [10]));
    await world.settle(log);
    world.powerCut();
    expect((await world.open()).recovery).toMatchObject({ tornBytes: 0, entries: 30 });
  });

  test('with a bad last batch loses it, as it cannot be told from a torn one', async () => {
    const world = await closedLog();
    world.disk.flipBit(segmentPath(29), (64 + 1068 + 500) * 8);
    expect((await world.open()).recovery).toMatchObject({ tornBytes: 1068, entries: 29 });
  });

  test('without synced writes ends at the first damage', async () => {
    const world = await closedLog();
    world.disk.flipBit(segmentPath(29), (64 + 100) * 8);
    const log = await world.open({ flush: { mode: 'os', intervalMs: 0 } });
    expect(log.recovery).toMatchObject({ tornBytes: 2 * 1068, entries: 28 });
  });

  test.each([
    ['the first', 1, `${segmentPath(1)} is missing`],
    ['a middle', 9, `${segmentPath(9)} is missing`],
    ['the last', 29, `${segmentPath(25)} is not the last`],
  ])('without %s segment is refused', async (_which, index, sentence) => {
    const world = await closedLog();
    world.disk.lose(segmentPath(index));
    await expect(world.open()).rejects.toEqual(refusal(sentence));
  });

  test('of a foreign format or version is refused', async () => {
    const world = await closedLog();
    const file = await world.run(world.disk.open(segmentPath(29)));
    await world.run(file.write(8, [Buffer.from([9])]));
    await expect(world.open()).rejects.toEqual(refusal('version 9; this broker reads 1'));
    await world.run(file.write(0, [Buffer.from('PK')]));
    await expect(world.open()).rejects.toEqual(refusal('is not a log segment'));
  });

  test('without its start, or without any segment, is refused', async () => {
    const world = await closedLog();
    for (let index = 1; index < 30; index += 4) world.disk.lose(segmentPath(index));
    await expect(world.open()).rejects.toEqual(refusal(`${segmentPath(1)} is missing`));
    const other = await closedLog();
    other.disk.lose('group-1/log-start');
    await expect(other.open()).rejects.toEqual(refusal('log-start is missing'));
  });
});

describe('a disk', () => {
  test('that is full refuses writes, serves reads, and goes on when there is space', async () => {
    const world = new LogWorld();
    const log = await world.open({ cacheBytes: 0 });
    log.append(entriesAfter(log, [100, 100]));
    await world.settle(log);
    world.disk.setFull(true);
    log.append(
      entriesAfter(
        log,
        Array.from({ length: 10 }, () => 1000),
      ),
    );
    await world.pass(1000);
    expect(world.failures.map((failure) => failure.code)).toEqual(['disk-full']);
    expect([log.diskFull, log.persistedIndex]).toEqual([true, 2]);
    expect(await world.run(log.loadEntries(1, 1e6))).toHaveLength(2);
    expect((await allRecords(world, log)).length).toBe(2 * 168 + 10 * 1068);
    world.disk.setFull(false);
    await world.settle(log);
    expect(log.diskFull).toBe(false);
    world.powerCut();
    const again = await world.open();
    expect(again.lastIndex).toBe(12);
    expect(world.failures).toHaveLength(1);
  });

  test('that fails a sync ends the log, which never tries again', async () => {
    const world = new LogWorld();
    const log = await world.open();
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    world.disk.failSyncs();
    log.append(entriesAfter(log, [100]));
    await world.pass(1000);
    log.append(entriesAfter(log, [100]));
    await world.pass(1000);
    expect(world.failures.map((failure) => failure.code)).toEqual(['disk-failed']);
    expect([log.persistedIndex, world.persisted]).toEqual([1, [1]]);
  });

  test('that fails the timed sync ends the log too', async () => {
    const world = new LogWorld();
    const log = await world.open({ flush: { mode: 'async', intervalMs: 10 } });
    log.append(entriesAfter(log, [100]));
    await world.settle(log);
    world.disk.failSyncs();
    await world.pass(100);
    expect(world.failures.map((failure) => failure.code)).toEqual(['disk-failed']);
  });
});
