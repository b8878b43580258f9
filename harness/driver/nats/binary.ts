import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { HarnessError } from '../../errors.ts';

/** Where the server is, for a machine that has it elsewhere than on the PATH. */
export const binaryVariable = 'ACKWORTH_NATS_SERVER';

/** The first that syncs each write when it is asked to: before, the logs of Raft groups were not. */
const versionMin = [2, 10, 23] as const;
const versionIn = /v?(\d+)\.(\d+)\.(\d+)/;
const answerMsMax = 10_000;
const install = 'go install github.com/nats-io/nats-server/v2@v2.12.1';

/** The file that a node is started from; `asked` before the environment before the PATH. */
export function findBinary(asked: string | undefined): string {
  const given = asked ?? process.env[binaryVariable];
  if (given !== undefined && given !== '') {
    if (isExecutable(given)) return given;
    const source = asked === undefined ? `, which ${binaryVariable} names,` : '';
    const sentence = `${given}${source} is no nats-server that can be executed: ${install}`;
    throw new HarnessError('environment', sentence);
  }
  const found = onPath('nats-server');
  if (found !== undefined) return found;
  const advice = `install one (${install}), or name it in ${binaryVariable}`;
  throw new HarnessError('environment', `there is no nats-server on the PATH: ${advice}`);
}

/** The first of that name on the PATH. */
export function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/**
 * Its version, "2.12.1". Rejects with HarnessError `environment` when it is no nats-server, or one
 * that is too old.
 */
export async function checkBinary(file: string): Promise<string> {
  let said: string;
  try {
    const { stdout, stderr } = await promisify(execFile)(file, ['--version'], {
      timeout: answerMsMax,
    });
    said = `${stdout}${stderr}`.trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim().split('\n')[0] : String(cause);
    const sentence = `${file} does not say its version, as a nats-server would: ${reason}`;
    throw new HarnessError('environment', sentence, { cause });
  }
  const problem = versionProblem(file, said);
  if (problem !== undefined) throw new HarnessError('environment', problem);
  return versionIn.exec(said)!.slice(1).join('.');
}

/** What speaks against a server that says this of its version, as a sentence. */
export function versionProblem(file: string, said: string): string | undefined {
  const version = versionIn.exec(said);
  if (!/nats-server/.test(said) || version === null)
    return `${file} is no nats-server: asked for its version, it says "${said.slice(0, 80)}"`;
  const at = versionMin.findIndex((least, index) => Number(version[index + 1]) !== least);
  if (at < 0 || Number(version[at + 1]) > versionMin[at]!) return undefined;
  const needed = `${versionMin.join('.')} or later is needed, which can sync each write`;
  return `${file} is nats-server ${version[0]}, and ${needed}: ${install}`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
