import { Command } from 'commander';
import { exitCodeOf } from '../judge/judgement.ts';
import { rejudge } from '../run/rejudge.ts';
import { writeReports } from './outputs.ts';
import { verdictTable } from './verdict-table.ts';

/** `ackworth check`: the history again, also of a run whose harness was killed. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Judges the history of a run again and writes its record and report anew.')
    .argument('[directory]', 'a run’s folder', 'runs/latest')
    .option('--json', 'print the record as JSON')
    .action(async (directory: string, flags: { json?: true }) => {
      const record = await rejudge(directory);
      const report = await writeReports(directory, [record]);
      if (flags.json) process.stdout.write(`${JSON.stringify(record, null, 2)}\n`);
      else process.stdout.write(`${verdictTable(record)}\nreport: ${report}\n`);
      process.exitCode = exitCodeOf(record.verdict);
    });
}
