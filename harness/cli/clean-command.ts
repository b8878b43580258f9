import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { cleanLeftovers, type Leftover } from '../clean/clean.ts';
import { HarnessError } from '../errors.ts';
import { errorExitCode } from './exit-codes.ts';
import { folderName } from './folder-option.ts';

/** `ackworth clean`: removes whatever killed runs left, and only that; fails where some of it stays. */
export function cleanCommand(): Command {
  return new Command('clean')
    .description(
      'Removes processes, containers, mounts and data that killed runs left; keeps their records.',
    )
    .option('--out <directory>', 'where run folders are', folderName, 'runs')
    .option('--json', 'print JSON')
    .action(async (flags: { out: string; json?: true }, command: Command) => {
      // Before the first run there is no default folder, and nothing was left behind.
      if (command.getOptionValueSource('out') === 'cli' && !existsSync(flags.out)) {
        throw new HarnessError('usage', `there is no folder ${flags.out}`);
      }
      const leftovers = await cleanLeftovers(flags.out);
      if (leftovers.some(({ problems }) => problems.length > 0)) process.exitCode = errorExitCode;
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(leftovers, null, 2)}\n`);
        return;
      }
      for (const leftover of leftovers) {
        const did = leftover.running ? leftAlone(leftover) : deedsOn(leftover);
        process.stdout.write(`${leftover.run}: ${did}\n`);
        for (const problem of leftover.problems) process.stdout.write(`  ${problem}\n`);
      }
      if (leftovers.length === 0) process.stdout.write('nothing was left behind\n');
    });
}

function leftAlone({ problems }: Leftover): string {
  return `${problems.length === 0 ? 'still goes on' : 'may still go on'}, left alone`;
}

function deedsOn(leftover: Leftover): string {
  const { processes, mounts, loopDevices, containers, networks, volumes, data } = leftover;
  const deeds = [
    ...processes.map((name) => `ended ${name}`),
    ...containers.map((name) => `removed container ${name}`),
    ...networks.map((name) => `removed network ${name}`),
    ...volumes.map((name) => `removed volume ${name}`),
    ...mounts.map((name) => `unmounted ${name}`),
    // The kernel gives those of mounts back by itself.
    ...(mounts.length === 0 ? loopDevices.map((device) => `gave back ${device}`) : []),
    ...(data ? ['removed its data'] : []),
  ];
  return deeds.length === 0 ? 'nothing was removed' : deeds.join(', ');
}
