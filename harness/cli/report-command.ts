import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { readRecord } from '../record/read.ts';
import { writeReports } from './outputs.ts';

/** `ackworth report`: renders records again, or several side by side. */
export function reportCommand(): Command {
  return new Command('report')
    .description('Renders the report of one run again, or of several side by side.')
    .argument('[run...]', 'run folders or record files', ['runs/latest'])
    .option('--out <directory>', 'where to write; default: beside the record, or runs/report for several')
    .action(async (runs: string[], flags: { out?: string }) => {
      const files = runs.map((run) => (isDirectory(run) ? join(run, 'record.json') : run));
      const records = await Promise.all(files.map(async (file) => await readRecord(file)));
      const [first] = files;
      const single = files.length === 1 && first !== undefined;
      const directory = flags.out ?? (single ? dirname(first) : join('runs', 'report'));
      process.stdout.write(`report: ${await writeReports(directory, records)}\n`);
    });
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
