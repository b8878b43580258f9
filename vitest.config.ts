import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const elsewhere = [...configDefaults.exclude, 'dist/**', '.dist-*/**', 'runs/**'];
const kinds = {
  sim: ['**/*.sim.test.ts'],
  e2e: ['**/*.e2e.test.ts', '**/*.docker.test.ts'],
  alone: ['**/*.alone.test.ts'],
  grid: ['**/*.grid.test.ts'],
  browser: ['**/*.browser.test.ts'],
};
/** Unit tests that put others in the place of modules, which the files beside them would see. */
export const mocking = [
  'broker/env/emulated/cut-commit',
  'harness/driver/nats/read-all',
  'harness/fault/container-faults',
  'harness/fault/damage',
  'harness/fault/disk-full',
  'harness/fault/slow-disk',
  'harness/fault/sync-error',
].map((name) => `${name}.test.ts`);

/** Of tests that bring up clusters. */
const patience = { testTimeout: 180_000, hookTimeout: 120_000 };

/** Files that take minutes: on a fresh clone nobody else knows, and one that begins last ends late. */
const long = ['engine-trouble', 'disk-faults', 'defects', 'nats-run', 'compare.e2e', 'worth-of'];

class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number => {
      const place = long.findIndex((part) => moduleId.includes(part));
      return place < 0 ? long.length : place;
    };
    const others = await super.sort(files);
    return others.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

// One project per kind of test, that is per need of cores. `scripts/test.mjs` says which of them
// share the cores: tests that watch real processes never do so with the simulator.
export default defineConfig({
  test: {
    sequence: { sequencer: LongOnesFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, ...Object.values(kinds).flat(), ...mocking],
          testTimeout: 30_000,
          maxWorkers: '100%',
          // A third of the time would go to loading the same modules for each file.
          isolate: false,
        },
      },
      {
        test: {
          name: 'mocking',
          include: mocking,
          exclude: elsewhere,
          testTimeout: 30_000,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'sim',
          include: kinds.sim,
          exclude: elsewhere,
          testTimeout: 300_000,
          maxWorkers: '100%',
        },
      },
      {
        test: {
          name: 'e2e',
          include: kinds.e2e,
          exclude: elsewhere,
          ...patience,
          // They mostly wait for what they have brought about: fewer at a time leave cores idle.
          maxWorkers: 3,
          // Of tests that say they bear company.
          maxConcurrency: 2,
        },
      },
      {
        test: {
          name: 'alone',
          include: kinds.alone,
          exclude: elsewhere,
          ...patience,
          // They judge how long things take, or take all that two cores have.
          fileParallelism: false,
          // Of tests that say they bear company.
          maxConcurrency: 2,
        },
      },
      {
        test: {
          name: 'grid',
          include: kinds.grid,
          exclude: elsewhere,
          // It runs as many clusters at once as the cores bear.
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: kinds.browser,
          exclude: elsewhere,
          testTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
