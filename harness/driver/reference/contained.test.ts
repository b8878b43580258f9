import { expect, test } from 'vitest';
import type { NodeSeat } from '../../cluster/node-program.ts';
import { referenceContained } from './contained.ts';

const seat: NodeSeat = {
  node: 2,
  listens: ['0.0.0.0:7070'],
  addresses: [['10.1.0.11:7070'], ['10.1.0.12:7070']],
  dials: (peer) => (peer === 2 ? undefined : `10.2.0.1${peer}:7070`),
  storage: { dataDirectory: '/keep' },
  directory: '/given',
  token: 'secret',
};

const start = (checked: boolean) => {
  const told = referenceContained(() => '/app/main.js').start(seat, { checked });
  const { ACKWORTH_NODE: config = '' } = told.environment ?? {};
  return { ...told, config: JSON.parse(config) as unknown };
};

test('a node in a container reads its configuration from its environment', () => {
  const { arguments: told, config, files, healthCheck } = start(false);
  expect(told).toEqual(['--config-env', 'ACKWORTH_NODE', '--exit-with-parent']);
  expect(config).toEqual({
    nodeId: 2,
    nodes: [
      { id: 1, clientAddress: '10.1.0.11:7070', peerAddress: '10.2.0.11:7070' },
      { id: 2, clientAddress: '10.1.0.12:7070' },
    ],
    listenAddress: '0.0.0.0:7070',
    dataDirectory: '/keep',
    token: 'secret',
  });
  expect({ files, healthCheck }).toEqual({ files: undefined, healthCheck: undefined });
});

test('a node that is checked has a gateway that only its container reaches', () => {
  const { config, healthCheck } = start(true);
  expect(config).toMatchObject({ gatewayListenAddress: '127.0.0.1:7071' });
  expect(healthCheck?.join(' ')).toContain('http://127.0.0.1:7071/healthz');
});
