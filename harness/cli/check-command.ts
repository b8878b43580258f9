import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { suiteFileName } from '../compare/suite-folder.ts';
import { HarnessError } from '../errors.ts';
import { exitCodeOf } from '../judge/judgement.ts';
import { counted } from '../record/count.ts';
import { rejudge } from '../run/rejudge.ts';
import { cellsDirectoryName } from '../run/run-facts.ts';
import { writeReports } from './outputs.ts';
import { verdictTable } from './verdict-table.ts';

/** `ackworth check`: the history again, also of a run whose harness was killed. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Judges the history of a run again and writes its record and report anew.')
    .argument('[directory]', 'a run’s folder', 'runs/latest')
    .option('--json', 'print the record as JSON')
    .action(async (directory: string, flags: { json?: true }) => {
      refuseComparison(directory);
      const record = await rejudge(directory);
      const report = await writeReports(directory, [record]);
      if (flags.json) process.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
      else process.stdout.write(`${verdictTable(record)}\nreport: ${report}\n`);
      process.exitCode = exitCodeOf(record.verdict);
    });
}

/** The histories of a comparison are those of its cells. */
function refuseComparison(directory: string): void {
  if (!existsSync(join(directory, suiteFileName))) return;
  const folder = join(directory, cellsDirectoryName);
  const cells = existsSync(folder) ? readdirSync(folder).sort() : [];
  const [first] = cells;
  const sentence =
    first === undefined
      ? `${directory} is a comparison of which no cell has been run: there is nothing to check`
      : `${directory} is a comparison of ${counted(cells.length, 'cell')}: check one of them, such as ` +
        `${join(folder, first)}, or render it again with \`ackworth report\``;
  throw new HarnessError('usage', sentence);
}
