import type { Broker } from '../broker.ts';
import { binaryVariable, checkBinary, findBinary, onPath } from './binary.ts';
import { officialImage } from './contained.ts';

type Examined = Awaited<ReturnType<NonNullable<Broker['examine']>>>;

/** Which server runs with `--target nats` would be started from, and what is amiss with it. */
export async function examineNats(): Promise<Examined> {
  let file: string;
  let version: string;
  try {
    file = findBinary(undefined);
    version = await checkBinary(file);
  } catch (error) {
    const found =
      (process.env[binaryVariable] ?? '') === ''
        ? `runs with --target nats only on --cluster docker, where the image ${officialImage()} can be had`
        : `runs with --target nats only with --image, as long as ${binaryVariable} names this file`;
    return { state: 'doubtful', found, advice: (error as Error).message };
  }
  const found = `nats-server ${version}, ${file}`;
  if (onPath('setpriv') !== undefined) return { state: 'good', found, advice: '' };
  const advice = 'servers outlive a harness that is killed: install setpriv (util-linux)';
  return { state: 'doubtful', found, advice };
}
