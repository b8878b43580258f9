import { configDefaults, defineConfig } from 'vitest/config';

const elsewhere = [...configDefaults.exclude, 'dist/**', '.dist-*/**', 'runs/**'];
const kinds = {
  sim: ['**/*.sim.test.ts'],
  e2e: ['**/*.e2e.test.ts', '**/*.docker.test.ts'],
  load: ['**/*.load.test.ts'],
  alone: ['**/*.alone.test.ts'],
  grid: ['**/*.grid.test.ts'],
  browser: ['**/*.browser.test.ts'],
};

/** Of tests that bring up clusters. */
const patience = { testTimeout: 180_000, hookTimeout: 120_000 };

// One project per kind of test, that is per need of cores. `scripts/test.mjs` says which of them
// share the cores: tests that watch real processes never do so with the simulator.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, ...Object.values(kinds).flat()],
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
          // They mostly wait for what they have brought about: one at a time leaves cores idle.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'load',
          include: kinds.load,
          exclude: elsewhere,
          ...patience,
          // Two at full rate are more than two cores bear.
          fileParallelism: false,
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
