import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { statusOf } from './engine.ts';
import { keepFromLabel, keepIntoLabel } from './labels.ts';

/**
 * Ends a container if it still runs, copies out what is to be kept of it, and removes it with its
 * own volumes. Idempotent, also when somebody else does the same.
 */
export async function retireContainer(docker: Docker, id: string): Promise<void> {
  const container = docker.getContainer(id);
  try {
    const { State, Config } = await container.inspect();
    if (State.Running) await container.kill().catch(unless(409));
    const { [keepFromLabel]: from, [keepIntoLabel]: into } = Config.Labels ?? {};
    if (from !== undefined && into !== undefined && existsSync(into))
      await copyOut(container, from, into);
    await container.remove({ force: true, v: true });
  } catch (error) {
    // Gone, or about to be.
    unless(404, 409)(error);
  }
}

/** Files alone, each whole or not at all. */
async function copyOut(container: Docker.Container, from: string, into: string): Promise<void> {
  const archive = await container.getArchive({ path: from });
  const files = extract();
  files.on('entry', ({ name, type }, content, next) => {
    if (type !== 'file') {
      content.resume();
      content.on('end', next);
      return;
    }
    const file = join(into, basename(name));
    pipeline(content, createWriteStream(`${file}.part`)).then(() => {
      renameSync(`${file}.part`, file);
      next();
    }, next);
  });
  await pipeline(archive, files);
}

function unless(...statuses: readonly number[]): (error: unknown) => void {
  return (error) => {
    const status = statusOf(error);
    if (status === undefined || !statuses.includes(status)) throw error;
  };
}
