import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { extract } from 'tar-stream';
import { statusOf } from './engine.ts';
import { keepFromLabel, keepIntoLabel } from './labels.ts';

const removedMsMaxUnsaid = 5_000;

/**
 * Ends a container if it still runs, copies out what is to be kept of it, and removes it with its
 * own volumes. Idempotent, also when somebody else does the same: when it resolves, it is gone.
 */
export async function retireContainer(
  docker: Docker,
  id: string,
  removedMsMax = removedMsMaxUnsaid,
): Promise<void> {
  const container = docker.getContainer(id);
  try {
    const { State, Config } = await container.inspect();
    if (State.Running) await container.kill().catch(unless(409));
    const { [keepFromLabel]: from, [keepIntoLabel]: into } = Config.Labels ?? {};
    try {
      if (from !== undefined && into !== undefined && existsSync(into))
        await copyOut(container, from, into);
      await container.remove({ force: true, v: true });
    } catch (error) {
      // Somebody else is removing it, and until then it holds on to its networks and volumes.
      unless(409)(error);
      await untilRemoved(container, removedMsMax);
    }
  } catch (error) {
    // Gone.
    unless(404)(error);
  }
}

async function untilRemoved(container: Docker.Container, removedMsMax: number): Promise<void> {
  const patience = new AbortController();
  const { signal } = patience;
  const tooLong = sleep(removedMsMax, undefined, { signal }).then(() => {
    throw new Error(`its removal is under way, and not done after ${removedMsMax} ms`);
  });
  tooLong.catch(() => undefined);
  try {
    await Promise.race([container.wait({ condition: 'removed', abortSignal: signal }), tooLong]);
  } finally {
    patience.abort();
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
