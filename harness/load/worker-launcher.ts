import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Housing } from '../cluster/node-host.ts';
import { entryPoint } from '../entry-point.ts';
import type { ProcessIdentity } from '../supervisor/process-table.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { ControlServer, type ExpectedWorker } from './control-server.ts';

/** How load workers come to be. The supervisor owns what is launched. */
export interface WorkerLauncher {
  readonly housing: Housing;
  /** Where a worker writes its history, as it sees it. */
  readonly historyDirectory: string;
  /**
   * Starts a life of a worker and resolves once it runs; it is heard from then on, or even before.
   */
  launch(life: WorkerLife): Promise<ProcessIdentity>;
  close(): Promise<void>;
}

export interface WorkerLife {
  /** The supervisor's name for it, the same over all its lives. */
  readonly process: string;
  /** Of this life, and of its history file. */
  readonly worker: string;
  readonly heard: ExpectedWorker;
}

export interface ProcessLauncherOptions {
  readonly supervisor: Supervisor;
  readonly historyDirectory: string;
  readonly logDirectory: string;
}

/** Workers as child processes, which dial in. */
export async function processLauncher(options: ProcessLauncherOptions): Promise<WorkerLauncher> {
  const { supervisor, historyDirectory, logDirectory } = options;
  const control = await ControlServer.listen();
  return {
    housing: 'process',
    historyDirectory,
    async launch({ process: name, worker, heard }) {
      const token = randomBytes(16).toString('hex');
      control.expect(token, heard);
      const { process: identity } = await supervisor.spawn({
        name,
        command: process.execPath,
        arguments: [
          entryPoint('harness/load/worker.js'),
          '--connect',
          control.address,
          '--token',
          token,
          '--name',
          worker,
        ],
        logFile: join(logDirectory, `${name}.log`),
      });
      return identity;
    },
    close: () => control.close(),
  };
}
