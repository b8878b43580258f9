import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { entryPoint } from '../../entry-point.ts';
import { claimWorker, workerTokenVariable } from '../../load/claim.ts';
import type { WorkerLauncher } from '../../load/worker-launcher.ts';
import type { ContainerLimits } from '../node-container.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import { workerEntry, type ProgramImage } from './image/image.ts';
import { workerPort, type Places } from './places.ts';
import { containerUser } from './user.ts';

export interface DockerLauncherOptions {
  readonly supervisor: Supervisor;
  readonly image: ProgramImage;
  readonly places: Places;
  /** Of each worker. */
  readonly limits: ContainerLimits;
  /** Where the histories of the workers go once they have ended. */
  readonly historyDirectory: string;
  readonly logDirectory: string;
}

const historyFolder = '/keep';
const readyMsMax = 30_000;

/**
 * Workers in containers of the client network. They are dialled at a published port, since this
 * machine can be reached from a container of another one only by chance.
 */
export function dockerLauncher(options: DockerLauncherOptions): WorkerLauncher {
  const { supervisor, image, places, limits, historyDirectory, logDirectory } = options;
  const sockets = new Set<Socket>();
  return {
    housing: 'container',
    historyDirectory: historyFolder,
    async launch({ process: name, worker, heard }) {
      const token = randomBytes(16).toString('hex');
      const main = image.pathOf(entryPoint(workerEntry));
      const { process: identity, ports } = await supervisor.contain({
        name,
        logFile: join(logDirectory, `${name}.log`),
        container: {
          image: image.tag,
          command: [main, '--listen', `0.0.0.0:${workerPort}`, '--name', worker],
          environment: { [workerTokenVariable]: token },
          user: containerUser(),
          ...places.of(name, 'client', 0),
          limits,
          keep: { from: historyFolder, into: historyDirectory },
        },
      });
      await supervisor.firstLine(name, readyMsMax);
      const socket = await claimWorker({
        port: places.publishedOf(name) ?? ports[0] ?? 0,
        token,
        heard,
      });
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return identity;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return Promise.resolve();
    },
  };
}
