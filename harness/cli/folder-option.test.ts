import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { cleanCommand } from './clean-command.ts';
import { compareCommand } from './compare-command.ts';
import { reportCommand } from './report-command.ts';
import { runCommand } from './run-command.ts';

async function refusal(command: Command, ...args: string[]): Promise<string> {
  let said = '';
  const quiet = { writeErr: (text: string) => void (said += text) };
  const parsing = command.exitOverride().configureOutput(quiet).parseAsync(args, { from: 'user' });
  await expect(parsing).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  return said;
}

test.each([
  ['run', runCommand, '--out'],
  ['compare', compareCommand, '--out'],
  ['compare', compareCommand, '--resume'],
  ['report', reportCommand, '--out'],
  ['clean', cleanCommand, '--out'],
] as const)('%s refuses a folder without a name in one sentence', async (_, command, option) => {
  for (const nothing of ['', ' ']) {
    expect(await refusal(command(), option, nothing)).toBe(
      `error: option '${option} <directory>' argument '${nothing}' is invalid. it must name a folder.\n`,
    );
  }
});
