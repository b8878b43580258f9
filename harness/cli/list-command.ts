import { Command } from 'commander';
import { scenarios } from '../../scenarios/index.ts';
import { checkers } from '../checker/registry.ts';
import { brokers } from '../driver/registry.ts';
import { faults } from '../fault/registry.ts';
import { targets } from '../scenario/targets.ts';
import { plainTable } from './verdict-table.ts';

/** `ackworth list`: everything a scenario can name. */
export function listCommand(): Command {
  return new Command('list')
    .description('Lists scenarios, faults, targets, checkers and drivers.')
    .option('--json', 'print JSON')
    .action((options: { json?: true }) => {
      const all = {
        scenarios: scenarios.map(({ name, question }) => ({ name, about: question })),
        faults: faults.map(({ kind, targets, description }) => ({
          name: kind,
          about: `${description} (${targets.join(', ')})`,
        })),
        targets: targets.map(({ name, description }) => ({ name, about: description })),
        checkers: checkers.map(({ name, description }) => ({ name, about: description })),
        drivers: brokers.map(({ name, description }) => ({ name, about: description })),
      };
      if (options.json) {
        process.stdout.write(`${JSON.stringify(all, null, 2)}\n`);
        return;
      }
      for (const [title, rows] of Object.entries(all)) {
        const table = plainTable([title, ''], [24, 76]);
        for (const { name, about } of rows) table.push([name, about]);
        process.stdout.write(`${table.toString()}\n\n`);
      }
    });
}
