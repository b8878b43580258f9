// `npm test`: types, lint, format, import directions, dead code, then unit, contract, simulation,
// browser, end-to-end and promise-cell tests on a fresh build. All steps run even when one fails;
// the last line counts. `npm test -- unit types` runs only the named steps.
//
// ACKWORTH_REQUIRE names what must not be skipped for want of it (`chromium`, `docker`, `nats`,
// `power-cut` for file systems that can be mounted; comma-separated): CI sets it, and a test that
// was skipped then fails the run.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
const folders = ['broker', 'harness', 'reports', 'scenarios', 'scripts', 'test'];
/** Files of a step, to see where its time goes. */
const longestShown = 8;
const scratch = mkdtempSync(join(tmpdir(), 'ackworth-test-'));

/**
 * One row after the other; the steps of a row run at once. What is judged by how long it takes, or is
 * a run in containers that has to recover in time, is `alone`.
 */
const rows = [
  {
    build: (io) => passes(io, process.execPath, ['scripts/build.mjs']),
    types: (io) => passes(io, bin('tsc'), ['-p', 'tsconfig.json', '--noEmit']),
    lint: (io) => passes(io, bin('oxlint'), ['--type-aware', '--deny-warnings', ...folders]),
  },
  {
    format: (io) => passes(io, bin('prettier'), ['--check', '--log-level', 'warn', '.']),
    imports: importDirections,
    dead: (io) => passes(io, bin('knip'), ['--no-progress']),
  },
  { unit: (io) => vitest(io, 'unit', 'mocking') },
  { sim: (io) => vitest(io, 'sim'), browser: (io) => vitest(io, 'browser') },
  { e2e: (io) => vitest(io, 'e2e') },
  { alone: (io) => vitest(io, 'alone') },
  { grid: (io) => vitest(io, 'grid') },
];
const names = rows.flatMap((row) => Object.keys(row));

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(1);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const row of rows) {
  const due = Object.entries(row).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  const ends = due.map(([name, step], index) => carryOut(name, step, index === 0));
  for (const { counts, kept } of await Promise.all(ends)) {
    process.stdout.write(kept);
    for (const key of Object.keys(total)) total[key] += counts[key] ?? 0;
  }
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

/** Resolves with its counts, and with all that it said unless it says it `live`. */
async function carryOut(name, step, live) {
  const began = performance.now();
  const words = [];
  const say = (said) => void (live ? process.stdout.write(said) : words.push(said));
  say(`\n== ${name}\n`);
  const counts = await step({ say, run: (command, args) => run(command, args, live ? null : say) });
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(`== ${name}: ${counts.failed === 0 ? 'ok' : 'FAILED'} in ${seconds} s\n`);
  return { counts, kept: words.join('') };
}

/** Resolves with the exit code; null when it could not be started, or was killed. */
function run(command, args, hear) {
  const stdio = hear === null ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn(command, args, { cwd: root, stdio });
  if (hear !== null)
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
  return new Promise((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
}

async function passes(io, command, args) {
  return (await io.run(command, args)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function importDirections(io) {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const options = { cwd: root, maxBuffer: 1 << 28 };
  const { code = 0, stdout } = await promisify(execFile)(bin('depcruise'), args, options).catch(
    (error) => error,
  );
  const { summary } = JSON.parse(stdout);
  for (const { rule, from, to } of summary.violations) io.say(`${rule.name}: ${from} -> ${to}\n`);
  io.say(`${summary.totalCruised} modules, ${summary.violations.length} violations\n`);
  const ok = code === 0 && summary.violations.length === 0 && summary.totalCruised > 100;
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function vitest(io, ...projects) {
  const file = join(scratch, `${projects[0]}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${file}`];
  const chosen = projects.flatMap((project) => ['--project', project]);
  const status = await io.run(bin('vitest'), ['run', ...chosen, ...reporters]);
  try {
    const result = JSON.parse(readFileSync(file, 'utf8'));
    io.say(`longest: ${longest(result.testResults)}\n`);
    const failed = result.numFailedTests + (result.numFailedTests === 0 && status !== 0 ? 1 : 0);
    const skipped = result.numPendingTests + result.numTodoTests;
    return { passed: result.numPassedTests, failed, skipped };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

/** "harness/run/run.e2e.test.ts 62 s, ..." */
function longest(files) {
  const seconds = ({ startTime, endTime }) => Math.round((endTime - startTime) / 1000);
  return files
    .toSorted((one, other) => seconds(other) - seconds(one))
    .slice(0, longestShown)
    .map((one) => `${relative(root, one.name)} ${seconds(one)} s`)
    .join(', ');
}
