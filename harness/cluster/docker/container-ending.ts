import type Docker from 'dockerode';
import type { ContainerEnding } from '../node-container.ts';
import { limitsOf } from './limits.ts';

/** As a shell counts: an exit code above 128 is a signal. */
const signals: Readonly<Record<number, string>> = {
  134: 'SIGABRT',
  137: 'SIGKILL',
  139: 'SIGSEGV',
  143: 'SIGTERM',
};
/** What the engine is told by the kernel may reach it after the end that it explains. */
const explainedMsMax = 1_000;
const mebibyte = 1024 ** 2;

export interface Ended extends ContainerEnding {
  readonly code: number | null;
  /** What ended it, in place of a code. */
  readonly signal: string | null;
}

/** How a container ended, which its engine still has; `killed` = we did it. */
export async function endingOf(
  docker: Docker,
  container: Docker.Container,
  killed: boolean,
): Promise<Ended> {
  const { State, HostConfig } = await container.inspect();
  const { ExitCode: code, OOMKilled: flagged } = State;
  const signal = signals[code];
  const { memoryBytes } = limitsOf(HostConfig);
  // One of several processes may have been killed long before, without being the end of the others.
  const outOfMemory =
    signal === 'SIGKILL' &&
    !killed &&
    (flagged || (memoryBytes !== null && (await toldOfMemory(docker, container.id, State))));
  if (outOfMemory) {
    const how = `out of memory${memoryBytes === null ? '' : `: limit ${sizeText(memoryBytes)}`}`;
    return { code: null, signal: how, how, outOfMemory };
  }
  if (signal === undefined) return { code, signal: null, how: `exit code ${code}`, outOfMemory };
  return { code: null, signal, how: signal, outOfMemory };
}

/** Whether the kernel told the engine that this container had no memory left. */
async function toldOfMemory(
  docker: Docker,
  id: string,
  { StartedAt, FinishedAt }: { readonly StartedAt: string; readonly FinishedAt: string },
): Promise<boolean> {
  const stream = await docker.getEvents({
    since: Date.parse(StartedAt) / 1000,
    until: (Date.parse(FinishedAt) + explainedMsMax) / 1000,
    filters: JSON.stringify({ container: [id], event: ['oom'] }),
  });
  let told = false;
  for await (const bytes of stream) told ||= bytes.length > 0;
  return told;
}

/** "64 MiB", "1.5 MiB" */
export function sizeText(bytes: number): string {
  return `${Number((bytes / mebibyte).toFixed(1))} MiB`;
}
