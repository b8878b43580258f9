// `npm test`: types, lint, import directions, dead code, then unit, contract, simulation,
// end-to-end, promise-cell, Docker and browser tests on a fresh build. One kind after the other; all kinds run even when
// one fails; the last line counts. `npm test -- unit types` runs only the named steps; `engine`, what
// becomes of runs when an engine or a harness fails them, runs only so.
//
// ACKWORTH_REQUIRE names what must not be skipped for want of it (`chromium`, `docker`, `nats`,
// `power-cut` for file systems that can be mounted; comma-separated): CI sets it, and a test that was skipped
// then fails the run.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const folders = ['broker', 'harness', 'reports', 'scenarios', 'scripts', 'test'];
const scratch = mkdtempSync(join(tmpdir(), 'ackworth-test-'));

const steps = {
  build: () => passes(process.execPath, ['scripts/build.mjs']),
  types: () => passes(bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']),
  lint: () => passes(bin('oxlint'), ['--type-aware', '--deny-warnings', ...folders]),
  imports: importDirections,
  dead: () => passes(bin('knip'), ['--no-progress']),
  unit: () => vitest('unit'),
  sim: () => vitest('sim'),
  e2e: () => vitest('e2e'),
  grid: () => vitest('grid'),
  docker: () => vitest('docker'),
  engine: () => vitest('engine'),
  browser: () => vitest('browser'),
};

/** Minutes long: only when asked for by name. */
const byNameOnly = ['engine'];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`);
  process.exit(1);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [name, step] of Object.entries(steps)) {
  const due = wanted.length > 0 ? wanted.includes(name) : !byNameOnly.includes(name);
  if (!due) continue;
  const started = performance.now();
  console.log(`\n== ${name}`);
  const counts = step();
  for (const key of Object.keys(total)) total[key] += counts[key] ?? 0;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${name}: ${counts.failed === 0 ? 'ok' : 'FAILED'} in ${seconds} s`);
}
rmSync(scratch, { recursive: true, force: true });

if (process.env.ACKWORTH_REQUIRE && total.skipped > 0) {
  console.log(`${total.skipped} tests were skipped, but ACKWORTH_REQUIRE allows none`);
  total.failed += total.skipped;
  total.skipped = 0;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;

function passes(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function importDirections() {
  const { status, stdout } = spawnSync(
    bin('depcruise'),
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders],
    { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
  );
  const { summary } = JSON.parse(stdout);
  for (const { rule, from, to } of summary.violations) console.log(`${rule.name}: ${from} -> ${to}`);
  console.log(`${summary.totalCruised} modules, ${summary.violations.length} violations`);
  const ok = status === 0 && summary.violations.length === 0 && summary.totalCruised > 100;
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function vitest(project) {
  const file = join(scratch, `${project}.json`);
  const { status } = spawnSync(
    bin('vitest'),
    ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile=${file}`],
    { cwd: root, stdio: 'inherit' },
  );
  try {
    const result = JSON.parse(readFileSync(file, 'utf8'));
    const failed = result.numFailedTests + (result.numFailedTests === 0 && status !== 0 ? 1 : 0);
    return { passed: result.numPassedTests, failed, skipped: result.numPendingTests + result.numTodoTests };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
