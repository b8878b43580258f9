import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Command } from 'commander';
import { readRecord, readSuite } from '../record/read.ts';
import { folderName } from './folder-option.ts';
import { writeReports, writeSuiteReports } from './outputs.ts';

/** `ackworth report`: renders records again, or several side by side. */
export function reportCommand(): Command {
  return new Command('report')
    .description(
      'Renders the report of one run or comparison again, or of several runs side by side.',
    )
    .argument('[run...]', 'run folders or record files', ['runs/latest'])
    .option(
      '--out <directory>',
      'where to write; default: beside the record, or runs/report for several',
      folderName,
    )
    .action(async (runs: string[], flags: { out?: string }) => {
      const [only] = runs;
      if (runs.length === 1 && only !== undefined && isSuite(only)) {
        const suite = await readSuite(join(only, 'suite.json'));
        const report = await writeSuiteReports(flags.out ?? only, suite);
        process.stdout.write(`report: ${report}\n`);
        return;
      }
      const files = runs.map((run) => (isDirectory(run) ? join(run, 'record.json') : run));
      const records = await Promise.all(files.map(async (file) => await readRecord(file)));
      const [first] = files;
      const single = files.length === 1 && first !== undefined;
      const directory = flags.out ?? (single ? dirname(first) : join('runs', 'report'));
      process.stdout.write(`report: ${await writeReports(directory, records)}\n`);
    });
}

function isSuite(path: string): boolean {
  return isDirectory(path) && existsSync(join(path, 'suite.json'));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
