import { join } from 'node:path';
import type { NodeCommand, NodeProgram } from '../../cluster/node-program.ts';
import type { ProgramOptions } from '../broker.ts';
import { askNode } from './ask.ts';
import { checkBinary, findBinary, onPath } from './binary.ts';
import { configFile } from './config.ts';
import { natsContained } from './contained.ts';

/** A nats-server with JetStream; its flush mode is the server's, not the stream's. */
export function natsProgram(options: ProgramOptions): NodeProgram {
  const { topic, file } = options;
  return {
    check: async () => void (await checkBinary(findBinary(file))),
    // Clients, and the other servers.
    addressesPerNode: 2,
    readiness: 'answer',
    command(seat) {
      const config = configFile(seat, topic);
      const told = ['--config', join(seat.directory, config.name)];
      return { ...boundToParent(findBinary(file), told), files: [config] };
    },
    contained: natsContained(options),
    ask: askNode,
    complaintOf: (line) => /\[(?:WRN|ERR|FTL)\] (.*)$/.exec(line)?.[1],
  };
}

/** A server does not notice that whoever started it was killed; the kernel does. */
function boundToParent(
  command: string,
  rest: readonly string[],
): Pick<NodeCommand, 'command' | 'arguments'> {
  const setpriv = onPath('setpriv');
  if (setpriv === undefined) return { command, arguments: rest };
  return { command: setpriv, arguments: ['--pdeathsig', 'KILL', command, ...rest] };
}
