import { Command, CommanderError } from 'commander';
import { HarnessError } from '../errors.ts';
import { version } from '../version.ts';
import { brokerCommand } from './broker-command.ts';
import { checkCommand } from './check-command.ts';
import { cleanCommand } from './clean-command.ts';
import { compareCommand } from './compare-command.ts';
import { doctorCommand } from './doctor-command.ts';
import { errorExitCode } from './exit-codes.ts';
import { listCommand } from './list-command.ts';
import { reportCommand } from './report-command.ts';
import { runCommand } from './run-command.ts';

const program = new Command('ackworth')
  .description('Measures what a broker’s ack costs, and what it is worth when things break.')
  .version(version)
  .showSuggestionAfterError(true)
  .showHelpAfterError('(add --help for what it takes)')
  .addHelpText(
    'after',
    '\nExit codes: 0 pass, 1 usage or environment error, 2 inconclusive, 3 violation.',
  );
for (const command of [
  runCommand(),
  compareCommand(),
  checkCommand(),
  reportCommand(),
  listCommand(),
  doctorCommand(),
  cleanCommand(),
  brokerCommand(),
]) {
  program.addCommand(command.exitOverride().copyInheritedSettings(program));
}

// Whoever reads may have read enough (`| head`): what is left to say is dropped, the exit code not.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await program.exitOverride().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : errorExitCode;
  } else if (error instanceof HarnessError) {
    process.stderr.write(`ackworth: ${error.message}\n`);
    process.exitCode = errorExitCode;
  } else {
    process.stderr.write(`ackworth: this is a bug of Ackworth, please report it\n`);
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = errorExitCode;
  }
}
