import { join } from 'node:path';
import type { NodeProgram } from '../../cluster/node-program.ts';
import { entryPoint } from '../../entry-point.ts';
import { askNode } from './ask.ts';
import { nodeConfig } from './config.ts';
import { referenceContained } from './contained.ts';

/** What a node is started from. */
export const nodeEntry = 'broker/server/main.js';

/** A complaint is a line of JSON at this level or above (warn), or one that begins `code: `. */
const complaintLevel = 40;

/** A node of the reference broker; `file`: another program that is started like it. */
export function referenceProgram(file?: string): NodeProgram {
  const main = (): string => file ?? entryPoint(nodeEntry);
  return {
    check: () => Promise.resolve(),
    addressesPerNode: 1,
    readiness: 'line',
    command(seat) {
      const name = `node-${seat.node}.json`;
      const read = ['--config-file', join(seat.directory, name)];
      return {
        command: process.execPath,
        arguments: [main(), ...read, '--exit-with-parent'],
        files: [{ name, text: `${JSON.stringify(nodeConfig(seat), null, 2)}\n` }],
      };
    },
    contained: referenceContained(main),
    ask: askNode,
    complaintOf,
  };
}

function complaintOf(line: string): string | undefined {
  if (/^[a-z-]+: /.test(line)) return line;
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg } = JSON.parse(line) as { readonly level?: number; readonly msg?: string };
    return level !== undefined && level >= complaintLevel ? msg : undefined;
  } catch {
    return undefined;
  }
}
