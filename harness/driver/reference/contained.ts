import type { ContainedProgram } from '../../cluster/node-program.ts';
import { nodeConfig } from './config.ts';

const configVariable = 'ACKWORTH_NODE';
/** Of the node's gateway, from within its container alone. */
const gatewayListenAddress = '127.0.0.1:7071';
const askHealth =
  `require('node:http').get('http://${gatewayListenAddress}/healthz', ` +
  `({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))` +
  `.on('error', () => process.exit(1))`;

/** Nodes in containers; `main` finds the entry file of their program. */
export function referenceContained(main: () => string): ContainedProgram {
  return {
    source: () => Promise.resolve({ main: main() }),
    start(seat, { checked }) {
      const config = { ...nodeConfig(seat), ...(checked && { gatewayListenAddress }) };
      return {
        arguments: ['--config-env', configVariable, '--exit-with-parent'],
        environment: { [configVariable]: JSON.stringify(config) },
        ...(checked && { healthCheck: ['node', '-e', askHealth] }),
      };
    },
    entryPoint: 'one that starts a node and takes --config-env',
  };
}
