import { Command } from 'commander';
import { cleanLeftovers } from '../clean/clean.ts';

/** `ackworth clean`: removes whatever killed runs left, and only that. */
export function cleanCommand(): Command {
  return new Command('clean')
    .description('Ends processes and removes data that killed runs left; keeps their records.')
    .option('--out <directory>', 'where run folders are', 'runs')
    .option('--json', 'print JSON')
    .action(async (flags: { out: string; json?: true }) => {
      const leftovers = await cleanLeftovers(flags.out);
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(leftovers, null, 2)}\n`);
        return;
      }
      for (const { run, processes, data, running } of leftovers) {
        const did = running
          ? ['still goes on, left alone']
          : [...processes.map((name) => `ended ${name}`), ...(data ? ['removed its data'] : [])];
        process.stdout.write(`${run}: ${did.join(', ')}\n`);
      }
      if (leftovers.length === 0) process.stdout.write('nothing was left behind\n');
    });
}
