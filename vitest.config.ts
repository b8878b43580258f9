import { configDefaults, defineConfig } from 'vitest/config';

const elsewhere = [...configDefaults.exclude, 'dist/**', '.dist-*/**', 'runs/**'];
const kinds = {
  sim: ['**/*.sim.test.ts'],
  e2e: ['**/*.e2e.test.ts'],
  grid: ['**/*.grid.test.ts'],
  docker: ['**/*.docker.test.ts'],
  engine: ['**/*.engine.test.ts'],
  browser: ['**/*.browser.test.ts'],
};

// One project per kind of test; `scripts/test.mjs` runs them in turn, so that tests which watch
// real processes never share the cores with the simulator.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, ...Object.values(kinds).flat()],
          testTimeout: 30_000,
        },
      },
      { test: { name: 'sim', include: kinds.sim, exclude: elsewhere, testTimeout: 300_000 } },
      {
        test: {
          name: 'e2e',
          include: kinds.e2e,
          exclude: elsewhere,
          testTimeout: 180_000,
          hookTimeout: 60_000,
          // They mostly wait for what they have brought about: two at a time leave cores idle.
          maxWorkers: 2,
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
          name: 'docker',
          include: kinds.docker,
          exclude: elsewhere,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'engine',
          include: kinds.engine,
          exclude: elsewhere,
          testTimeout: 180_000,
          hookTimeout: 120_000,
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
