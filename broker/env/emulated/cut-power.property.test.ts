import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DiskError } from '../disk.ts';
import type { Disk, DiskFile } from '../disk.ts';
import { SimDisk } from '../sim/disk.ts';
import { SimRandom } from '../sim/random.ts';
import { SimScheduler } from '../sim/scheduler.ts';
import { cutPower } from './cut-power.ts';
import { EmulatedDisk } from './disk.ts';
import { readDiskFaults, writeDiskFaults } from './faults.ts';

const paths = ['a', 'b', 'd/a', 'd/b', 'e/a'];
const path = fc.constantFrom(...paths);
const directory = fc.constantFrom('', 'd', 'e');
const position = fc.nat(30);

type Operation =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly text: string }
  | { readonly kind: 'append'; readonly path: string; readonly text: string }
  | { readonly kind: 'truncate'; readonly path: string; readonly at: number }
  | { readonly kind: 'sync' | 'create' | 'remove'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'make' | 'removeAll' | 'syncDirectory'; readonly directory: string }
  | { readonly kind: 'failSync'; readonly path: string }
  | { readonly kind: 'kill' | 'cut' };

const text = fc.string({ maxLength: 12 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write'), path, at: position, text }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('append'), path, text }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('truncate'), path, at: position }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sync'), path }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('create'), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove'), path }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('rename'), path, to: path }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('make'), directory }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('removeAll'), directory }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('syncDirectory'), directory }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('failSync'), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill') }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut') }) },
);

/** A disk, how to wait in its time, and how it fails. */
interface Side {
  readonly disk: Disk;
  run<T>(work: Promise<T>): Promise<T>;
  failNextSync(): Promise<void>;
  kill(): Promise<void>;
  cut(seed: number): Promise<void>;
}

class SimulatedSide implements Side {
  readonly #scheduler = new SimScheduler();
  readonly disk = new SimDisk({ scheduler: this.#scheduler, random: new SimRandom(1) });

  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const end = (): void => void (done = true);
    work.then(end, end);
    await this.#scheduler.run({ untilMs: Infinity, stop: () => done });
    return await work;
  }

  async failNextSync(): Promise<void> {
    this.disk.failSyncs();
  }

  async kill(): Promise<void> {
    this.disk.kill();
  }

  async cut(seed: number): Promise<void> {
    this.disk.crash(new SimRandom(seed));
  }
}

class EmulatedSide implements Side {
  readonly root = mkdtempSync(join(tmpdir(), 'ackworth-property-'));
  disk = new EmulatedDisk(this.root);
  #sequence = 0;

  run<T>(work: Promise<T>): Promise<T> {
    return work;
  }

  async failNextSync(): Promise<void> {
    const sequence = ++this.#sequence;
    await writeDiskFaults(this.root, { sequence, failSyncs: 1, full: false, slowMs: 0 });
    await expect.poll(() => readDiskFaults(this.root), { interval: 5 }).toMatchObject({ sequence });
  }

  async kill(): Promise<void> {
    await this.disk.detach();
    this.disk = new EmulatedDisk(this.root);
  }

  async cut(seed: number): Promise<void> {
    await this.disk.detach();
    const { lengths } = await cutPower({ root: this.root, random: new SimRandom(seed) });
    expect(lengths).toEqual(lengthsBelow(join(this.root, 'live')));
    this.disk = new EmulatedDisk(this.root);
  }

  async close(): Promise<void> {
    await this.disk.detach();
    rmSync(this.root, { recursive: true, force: true });
  }
}

function lengthsBelow(directory: string): Record<string, number> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(directory, path), statSync(path).size];
    }),
  );
}

async function perform(side: Side, operation: Operation, seed: number): Promise<string> {
  try {
    await act(side, operation, seed);
    return 'ok';
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return error.code;
  }
}

async function act(side: Side, operation: Operation, seed: number): Promise<void> {
  const { disk } = side;
  switch (operation.kind) {
    case 'create':
      return await onFile(side, operation.path, true, async () => {});
    case 'write':
      return await onFile(side, operation.path, false, (file) =>
        file.write(operation.at, [Buffer.from(operation.text)]),
      );
    case 'append':
      return await onFile(side, operation.path, false, (file) =>
        file.write(file.size, [Buffer.from(operation.text)]),
      );
    case 'truncate':
      return await onFile(side, operation.path, false, (file) => file.truncate(operation.at));
    case 'sync':
      return await onFile(side, operation.path, false, (file) => file.sync());
    case 'failSync':
      return await onFile(side, operation.path, false, async (file) => {
        await side.failNextSync();
        await file.sync();
      });
    case 'remove':
      return await side.run(disk.remove(operation.path));
    case 'rename':
      if (operation.path === operation.to) return;
      return await side.run(disk.rename(operation.path, operation.to));
    case 'make':
      return await side.run(disk.makeDirectory(operation.directory));
    case 'removeAll':
      if (operation.directory === '') return;
      return await side.run(disk.removeDirectory(operation.directory));
    case 'syncDirectory':
      return await side.run(disk.syncDirectory(operation.directory));
    case 'kill':
      return await side.kill();
    case 'cut':
      return await side.cut(seed);
  }
}

async function onFile(
  side: Side,
  path: string,
  create: boolean,
  use: (file: DiskFile) => Promise<void>,
): Promise<void> {
  const file = await side.run(side.disk.open(path, { create }));
  try {
    await side.run(use(file));
  } finally {
    await side.run(file.close());
  }
}

/** Every path with its content. */
async function contentOf(side: Side, directory = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await side.run(side.disk.list(directory))) {
    const path = directory === '' ? name : `${directory}/${name}`;
    if (name === 'd' || name === 'e') {
      Object.assign(found, { [path]: 'directory' }, await contentOf(side, path));
    } else {
      await onFile(side, path, false, async (file) => {
        found[path] = String(await side.run(file.read(0, 1000)));
      });
    }
  }
  return found;
}

test('an emulated disk loses and keeps what the simulated one does, draw by draw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(operation, { minLength: 5, maxLength: 60 }),
      fc.nat(),
      async (operations, firstSeed) => {
        const simulated = new SimulatedSide();
        const emulated = new EmulatedSide();
        try {
          let seed = firstSeed;
          for (const next of [...operations, { kind: 'cut' } as const]) {
            seed++;
            const outcome = await perform(simulated, next, seed);
            expect(await perform(emulated, next, seed), JSON.stringify(next)).toBe(outcome);
            if (next.kind !== 'cut' && next.kind !== 'kill') continue;
            expect(await contentOf(emulated)).toEqual(await contentOf(simulated));
          }
        } finally {
          await emulated.close();
        }
      },
    ),
    { numRuns: 150 },
  );
});
