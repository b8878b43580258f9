import { strict as assert } from 'node:assert';
import { describe, expect, test } from 'vitest';
import { BrokerError } from '../errors.ts';
import { BatchKind } from '../protocol/batch.ts';
import type { Entry } from '../raft/types.ts';
import type { FlushPolicy, Log } from './log.ts';
import { entriesAfter, LogWorld } from './testing/world.ts';

/**
 * Random histories of one log on the simulated disk, held against a model that is a list of
 * entries: appends, truncations, snapshots, retention, replacement, time, power cuts, kills, syncs
 * that fail and are followed by a start on the same page cache.
 *
 * After each restart the log must be a prefix of what it was at some moment since the one before,
 * never a mixture; nothing that was reported persisted may be missing as far as the flush mode
 * promises, and nothing at all that a start has found; and every entry must read back byte for
 * byte.
 */
const seeds = Number(process.env['ACKWORTH_LOG_SEEDS'] ?? 80);
const firstSeed = Number(process.env['ACKWORTH_LOG_SEED'] ?? 1);
const intervalMs = 20;
const syncMsMax = 5;

interface Version {
  readonly first: number;
  readonly startOffset: number;
  readonly entries: Entry[];
}

class LogModel {
  readonly world: LogWorld;
  readonly flush: FlushPolicy;
  log!: Log;
  /** The log as it should be, and every earlier version that a crash may bring back. */
  now: Version = { first: 1, startOffset: 0, entries: [] };
  before: Version[] = [];
  term = 1;
  /** When an index was reported persisted, in the current version. */
  persistedAt: { readonly index: number; readonly atMs: number }[] = [];
  installed = 0;

  constructor(seed: number, mode: FlushPolicy['mode']) {
    this.world = new LogWorld(seed);
    this.flush = { mode, intervalMs };
  }

  /** Until it succeeds: a sync that is about to fail may do so now. */
  async open(): Promise<void> {
    for (;;) {
      try {
        this.log = await this.tryOpen();
        return;
      } catch (error) {
        if (!(error instanceof BrokerError) || error.code !== 'disk-failed') throw error;
        this.world.kill();
      }
    }
  }

  tryOpen(): Promise<Log> {
    const { random } = this.world;
    return this.world.open({
      flush: this.flush,
      segmentBytes: random.pick([1000, 4000, 20_000]),
      cacheBytes: random.pick([0, 3000, 1 << 20]),
      retentionBytes: random.pick([0, 5000]),
      onPersisted: (index) => {
        this.persistedAt.push({ index, atMs: this.world.scheduler.nowMs() });
      },
    });
  }

  append(): void {
    const { random } = this.world;
    if (random.chance(0.2)) this.term++;
    const sizes = Array.from({ length: 1 + random.below(8) }, () =>
      random.chance(0.05) ? 4000 + random.below(3000) : random.below(300),
    );
    const kind = random.chance(0.2) ? BatchKind.command : BatchKind.records;
    const fill = random.below(256);
    const entries = entriesAfter(this.log, sizes, { term: this.term, kind, fill });
    this.log.append(entries);
    this.now.entries.push(...entries);
  }

  truncate(): void {
    const { random } = this.world;
    const back = random.below(Math.min(12, this.now.entries.length + 1));
    const index = this.log.lastIndex - back;
    this.keepVersion();
    this.now = { ...this.now, entries: this.now.entries.slice(0, index + 1 - this.now.first) };
    this.log.truncateAfter(index);
    this.persistedAt = this.persistedAt.map((at) => ({ ...at, index: Math.min(at.index, index) }));
    this.term++;
    // A leader's entries follow at once: they are why the log was cut.
    this.appendAfterCut(index);
  }

  appendAfterCut(index: number): void {
    const nextOffset = offsetAfter(this.now, index);
    const entries = entriesAfter({ lastIndex: index, nextOffset }, [50, 60], { term: this.term });
    this.log.append(entries);
    this.now.entries.push(...entries);
  }

  snapshot(): void {
    const due = this.now.entries.find((entry) => this.log.snapshotDue(entry.index));
    if (due === undefined) return;
    const mark = { index: due.index, term: due.term };
    const data = Buffer.from(`state ${due.index} ${due.term}`);
    this.log.saveSnapshot(mark, offsetAfter(this.now, due.index), data).catch(() => {});
  }

  retain(): void {
    this.keepVersion();
    this.log.retain(this.world.process.wallMs());
    const dropped = this.log.firstIndex - this.now.first;
    this.now = {
      first: this.log.firstIndex,
      startOffset: this.log.startOffset,
      entries: this.now.entries.slice(dropped),
    };
  }

  install(): void {
    const { random } = this.world;
    this.keepVersion();
    const index = this.now.first + random.below(this.now.entries.length + 20);
    this.term++;
    const mark = { index, term: this.term };
    const nextOffset = offsetAfter(this.now, this.log.lastIndex) + random.below(10);
    this.now = { first: index + 1, startOffset: nextOffset, entries: [] };
    this.persistedAt = [];
    this.log.install({ mark, nextOffset, data: Buffer.from(`state ${index} ${this.term}`) }).then(
      () => {
        this.installed = Math.max(this.installed, index + 1);
      },
      () => {},
    );
  }

  keepVersion(): void {
    this.before.push({ ...this.now, entries: [...this.now.entries] });
  }

  /** The highest index that may not be missing after what has just happened. */
  promised(how: 'kill' | 'power cut'): number {
    const last = this.persistedAt.reduce((most, { index }) => Math.max(most, index), 0);
    if (how === 'kill' || this.flush.mode === 'sync') return last;
    const windowMs = this.flush.mode === 'os' ? Infinity : intervalMs + 2 * syncMsMax;
    const safeMs = this.world.scheduler.nowMs() - windowMs;
    return this.persistedAt
      .filter(({ atMs }) => atMs <= safeMs)
      .reduce((most, { index }) => Math.max(most, index), 0);
  }

  async restart(how: 'kill' | 'power cut'): Promise<void> {
    // What was called has run as far as it gets without the disk: a process dies between turns.
    await this.world.pass(0);
    const promised = this.promised(how);
    const installed = this.installed;
    if (how === 'kill') this.world.kill();
    else this.world.powerCut();
    await this.open();
    const { firstIndex: first, startOffset } = this.log;
    const found: Version = { first, startOffset, entries: await this.readAll() };
    const origin = [this.now, ...this.before].find((version) => isPrefix(found, version));
    assert(origin !== undefined, 'the log is a prefix of what it was at some moment');
    assert(first >= installed, 'a snapshot that was installed is there');
    for (const entry of this.now.entries) {
      if (entry.index > promised) break;
      const kept = found.entries[entry.index - first];
      assert(kept?.bytes.equals(entry.bytes), `${entry.index} was persisted and is gone`);
    }
    await this.checkSnapshots();
    this.now = found;
    this.before = [];
    this.persistedAt = [{ index: this.log.lastIndex, atMs: -Infinity }];
    this.installed = 0;
    this.term = Math.max(this.term, this.log.termAt(this.log.lastIndex)!);
  }

  async failSync(): Promise<void> {
    const { disk, failures, random } = this.world;
    disk.setFull(false);
    disk.failSyncs(1);
    const draw = random.below(4);
    if (draw === 0) this.truncate();
    else if (draw < 3) this.append();
    await this.world.pass(random.pick([0.05, 3, 60]));
    if (random.chance(0.7)) disk.failSyncs(0);
    await this.restart('kill');
    disk.failSyncs(0);
    failures.length = 0;
  }

  async readAll(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (let from = this.log.firstIndex; from <= this.log.lastIndex;) {
      const some = await this.world.run(this.log.loadEntries(from, 3000));
      expect(some.length).toBeGreaterThan(0);
      entries.push(...some);
      from += some.length;
    }
    for (const entry of entries) expect(this.log.termAt(entry.index)).toBe(entry.term);
    return entries;
  }

  async checkReads(): Promise<void> {
    const { world, log } = this;
    const { random } = world;
    if (log.nextOffset === log.startOffset) return;
    const offset = log.startOffset + random.below(log.nextOffset - log.startOffset);
    const bytesMax = random.pick([1, 700, 1 << 20]);
    const expected: Buffer[] = [];
    let bytes = 0;
    for (const entry of this.now.entries) {
      if (entry.bytes[37] !== BatchKind.records) continue;
      if (endOffset(entry) <= offset) continue;
      if (bytes > 0 && bytes + entry.bytes.length > bytesMax) break;
      bytes += entry.bytes.length;
      expected.push(entry.bytes);
    }
    const indexMax = log.lastIndex;
    const read = await world.run(Promise.resolve(log.readRecords({ offset, indexMax, bytesMax })));
    // A read from disk ends with what is written, or with its segment.
    expect(read.length).toBeGreaterThanOrEqual(expected[0]!.length);
    expect(read.equals(Buffer.concat(expected).subarray(0, read.length))).toBe(true);
  }

  async checkSnapshots(): Promise<void> {
    const snapshot = await this.world.run(this.log.latestSnapshot());
    if (snapshot === undefined) {
      expect(this.log.firstIndex).toBe(1);
      return;
    }
    const { index, term } = snapshot.mark;
    expect(this.log.termAt(index)).toBe(term);
    expect(String(snapshot.data)).toBe(`state ${index} ${term}`);
  }
}

function offsetAfter(version: Version, index: number): number {
  const entry = version.entries[index - version.first];
  return entry === undefined ? version.startOffset : endOffset(entry);
}

function endOffset(entry: Entry): number {
  return Number(entry.bytes.readBigUInt64LE(8)) + entry.bytes.readUInt32LE(56);
}

function isPrefix(part: Version, whole: Version): boolean {
  return (
    part.first === whole.first &&
    part.startOffset === whole.startOffset &&
    part.entries.length <= whole.entries.length &&
    part.entries.every((entry, at) => entry.bytes.equals(whole.entries[at]!.bytes))
  );
}

async function live(seed: number, mode: FlushPolicy['mode']): Promise<void> {
  const model = new LogModel(seed, mode);
  await model.open();
  const { world } = model;
  const { random } = world;
  for (let step = 0; step < 60; step++) {
    const draw = random.below(100);
    if (draw > 75) world.disk.setFull(false);
    if (draw < 45) model.append();
    else if (draw < 52) model.truncate();
    else if (draw < 60) model.snapshot();
    else if (draw < 64) model.retain();
    else if (draw < 66) model.install();
    else if (draw < 68) world.disk.setFull(true);
    else if (draw < 80) await world.pass(random.pick([0.05, 1, 10, 60]));
    else if (draw < 90) await model.checkReads();
    else if (draw < 95) await model.restart('power cut');
    else if (draw < 97) await model.restart('kill');
    else if (draw < 99) await model.failSync();
    else await world.settle(model.log);
    expect(world.failures.filter(({ code }) => code !== 'disk-full')).toEqual([]);
    expect(model.log.lastIndex).toBe(model.now.first + model.now.entries.length - 1);
  }
}

describe.each(['sync', 'async', 'os'] as const)('a log with flush %s', (mode) => {
  test(`keeps its promise over ${seeds} random lives`, async () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      try {
        await live(seed, mode);
      } catch (error) {
        const replay = `ACKWORTH_LOG_SEED=${seed} ACKWORTH_LOG_SEEDS=1 npx vitest run broker/log`;
        throw new Error(`seed ${seed} fails; replay: ${replay}`, { cause: error });
      }
    }
  }, 60_000);
});
