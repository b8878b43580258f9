import { Command } from 'commander';
import pc from 'picocolors';
import { examine } from '../doctor/doctor.ts';
import { errorExitCode } from './exit-codes.ts';
import { plainTable } from './verdict-table.ts';

const paint = { good: pc.green, doubtful: pc.yellow, bad: pc.red } as const;

/** `ackworth doctor`: what this machine can do, and why not. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Says what this machine can do, and why not; takes about a second.')
    .option('--out <directory>', 'where run folders would go', 'runs')
    .option('--json', 'print JSON')
    .action(async (flags: { out: string; json?: true }) => {
      const findings = await examine(flags.out);
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
      } else {
        const table = plainTable(['what', 'state', 'found'], [18, 12, 70]);
        for (const { name, state, found, advice } of findings) {
          table.push([name, paint[state](state), advice === '' ? found : `${found}\n${advice}`]);
        }
        process.stdout.write(`${table.toString()}\n`);
      }
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = errorExitCode;
    });
}
