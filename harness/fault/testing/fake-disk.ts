import type { DiskAccount, EmulatedDisk, Misbehaviour } from '../../cluster/node-storage.ts';

const nothing: DiskAccount = {
  request: 0,
  syncsToFail: 0,
  syncsFailed: 0,
  writesRefused: 0,
  operationsSlowed: 0,
  millisSlowed: 0,
};

/** An emulated disk that takes on at once what it is asked, and counts what a test has it count. */
export class FakeEmulatedDisk implements EmulatedDisk {
  readonly form = 'emulated';
  readonly root = '/nowhere';
  readonly directory: string;
  readonly asked: Partial<Misbehaviour>[] = [];
  readonly cuts: number[] = [];
  counts: DiskAccount = nothing;
  /** It does not do what it is asked. */
  deaf = false;

  constructor(directory = '/nowhere/live') {
    this.directory = directory;
  }

  cutPower(seed: number): ReturnType<EmulatedDisk['cutPower']> {
    this.cuts.push(seed);
    return Promise.resolve({ bytesDropped: 10, filesReverted: 1, namesReverted: 0, lengths: {} });
  }

  misbehave(change: Partial<Misbehaviour>): Promise<number> {
    this.asked.push(change);
    if (!this.deaf) this.counts = { ...this.counts, request: this.asked.length };
    return Promise.resolve(this.asked.length);
  }

  account(): Promise<DiskAccount> {
    return Promise.resolve(this.counts);
  }

  count(more: Partial<Omit<DiskAccount, 'request'>>): void {
    const grown = Object.entries(more).map(([name, by]) => [
      name,
      this.counts[name as keyof DiskAccount] + by,
    ]);
    this.counts = { ...this.counts, ...(Object.fromEntries(grown) as Partial<DiskAccount>) };
  }
}
