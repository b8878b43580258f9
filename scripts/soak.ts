import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Command } from 'commander';
import { version } from '../harness/version.ts';
import { cleanRuns } from './soak/clean.ts';
import { plantedDefects } from './soak/defects.ts';
import { markdown, type SoakRecord } from './soak/soak-record.ts';

/**
 * `npm run soak`: the counts that take too long for `npm test`. Clean runs must raise no alarm;
 * each planted defect must be caught as its own anomaly within five seeds. Writes its record, from
 * which `docs/soak.md` is made. Exits with 1 when either does not hold.
 */
const program = new Command('soak')
  .option('--clean <n>', 'clean seeded runs over the scenarios', '30')
  .option('--from <seed>', 'first seed of the clean runs', '1')
  .option('--defects <names>', 'planted defects: all, none, or names with commas', 'all')
  .option('--out <file>', 'where the record goes, without its ending', 'docs/soak')
  .parse();
const flags = program.opts<{ clean: string; from: string; defects: string; out: string }>();

const record: SoakRecord = {
  version,
  startedAt: new Date().toISOString(),
  machine: `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}, Node ${process.versions.node}`,
  clean: await cleanRuns({ count: Number(flags.clean), from: Number(flags.from) }),
  defects: await plantedDefects(flags.defects),
};
writeFileSync(`${flags.out}.json`, `${JSON.stringify(record, null, 2)}\n`);
writeFileSync(`${flags.out}.md`, markdown(record));

const alarms = record.clean.filter(({ verdict }) => verdict !== 'pass');
const escaped = record.defects.filter(({ caughtAtSeed }) => caughtAtSeed === null);
process.stdout.write(
  `${record.clean.length} clean runs, ${alarms.length} not passed; ` +
    `${record.defects.length} planted defects, ${escaped.length} escaped\n`,
);
process.exitCode = alarms.length + escaped.length === 0 ? 0 : 1;
