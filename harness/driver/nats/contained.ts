import { join } from 'node:path';
import type { ContainedProgram } from '../../cluster/node-program.ts';
import type { ProgramOptions } from '../broker.ts';
import { binaryVariable, checkBinary, findBinary } from './binary.ts';
import { configFile } from './config.ts';

/** Taken where this machine has none: that of the published analysis. */
const versionUnsaid = '2.12.1';

/** Servers in containers, each with its configuration as a file. */
export function natsContained({ topic, file }: ProgramOptions): ContainedProgram {
  return {
    async source() {
      const found = await localServer(file);
      const version = 'version' in found ? found.version : versionUnsaid;
      // Another program than that of its makers is in no image of theirs.
      const official = file === undefined ? { official: officialImage(version) } : {};
      const own = 'path' in found ? { path: found.path } : found;
      return { server: { name: 'nats-server', version, ...official, file: own } };
    },
    start(seat) {
      const config = configFile(seat, topic);
      return { arguments: ['--config', join(seat.directory, config.name)], files: [config] };
    },
    entryPoint: 'one that is a nats-server',
  };
}

/** Whose entry point is the server, and that has nothing else. */
export function officialImage(version = versionUnsaid): string {
  return `nats:${version}`;
}

type Local = { readonly path: string; readonly version: string } | { readonly lacking: string };

/** One that somebody named must be there; that there is none on the PATH is no mistake. */
async function localServer(file: string | undefined): Promise<Local> {
  try {
    const path = findBinary(file);
    return { path, version: await checkBinary(path) };
  } catch (error) {
    if ((file ?? process.env[binaryVariable] ?? '') !== '') throw error;
    return { lacking: (error as Error).message };
  }
}
