import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeProgram, NodeSeat } from '../../cluster/node-program.ts';
import { entryPoint } from '../../entry-point.ts';
import { askNode } from './ask.ts';

/** A complaint is a line of JSON at this level or above (warn), or one that begins `code: `. */
const complaintLevel = 40;

/** A node of the reference broker; `file`: another program that is started like it. */
export function referenceProgram(file?: string): NodeProgram {
  return {
    check: () => Promise.resolve(),
    addressesPerNode: 1,
    readiness: 'line',
    command: (seat) => ({
      command: process.execPath,
      arguments: [
        file ?? entryPoint('broker/server/main.js'),
        '--config-file',
        writeConfig(seat),
        '--exit-with-parent',
      ],
    }),
    ask: askNode,
    complaintOf,
  };
}

function writeConfig({ node, listens, dials, storage, directory, token }: NodeSeat): string {
  const file = join(directory, `node-${node}.json`);
  const config = {
    nodeId: node,
    nodes: listens.map(([clientAddress], index) => {
      const peerAddress = dials(index + 1);
      return { id: index + 1, clientAddress, ...(peerAddress && { peerAddress }) };
    }),
    ...storage,
    token,
  };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  return file;
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
