import { createHash } from 'node:crypto';

/** Uniform in [0, 1), 48 bits, a function of the seed and the name of the choice alone. */
export function draw(seed: number, choice: string): number {
  const digest = createHash('sha256').update(`${seed}\n${choice}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
