import { expect, test } from 'vitest';
import type { NodeSeat } from '../../cluster/node-program.ts';
import { configText, nodeOfServer } from './config.ts';
import { natsContained } from './contained.ts';

const seat: NodeSeat = {
  node: 2,
  listens: ['127.0.0.1:21', '127.0.0.1:22'],
  addresses: [
    ['127.0.0.1:11', '127.0.0.1:12'],
    ['127.0.0.1:21', '127.0.0.1:22'],
    ['127.0.0.1:31', '127.0.0.1:32'],
  ],
  dials: () => undefined,
  storage: { dataDirectory: '/data/node-2' },
  directory: '/nodes',
  token: 'secret',
};

test('a node listens at its own addresses and knows the routes of all', () => {
  const text = configText(seat, { flush: 'sync', flushInterval: 100 });
  expect(text).toContain('listen: "127.0.0.1:21"\n');
  expect(text).toContain('  listen: "127.0.0.1:22"\n');
  expect(text).toContain(
    'routes: ["nats://127.0.0.1:12", "nats://127.0.0.1:22", "nats://127.0.0.1:32"]',
  );
  expect(text).toContain('store_dir: "/data/node-2"');
});

test('the flush mode is the sync interval of the server', () => {
  const interval = (flush: 'sync' | 'async' | 'os') =>
    /sync_interval: .*/.exec(configText(seat, { flush, flushInterval: 250 }))?.[0];
  expect(interval('sync')).toBe('sync_interval: always');
  expect(interval('async')).toBe('sync_interval: "250ms"');
  expect(interval('os')).toBeUndefined();
});

test('a single server is no cluster', () => {
  const alone = { ...seat, node: 1, addresses: seat.addresses.slice(0, 1) };
  expect(configText(alone, { flush: 'os', flushInterval: 100 })).not.toContain('cluster');
});

test('in a container it listens on every network, and dials its peers on theirs', () => {
  const contained: NodeSeat = {
    ...seat,
    listens: ['0.0.0.0:7070', '0.0.0.0:7071'],
    addresses: [1, 2, 3].map((node) => [`10.1.0.${node}:7070`, `10.2.0.${node}:7071`]),
    dials: (peer) => (peer === 2 ? undefined : `10.2.0.${peer}:7071`),
    directory: '/given',
  };
  const { start } = natsContained({ topic: { flush: 'sync', flushInterval: 100 } });
  const { arguments: told, files = [], healthCheck } = start(contained, { checked: true });
  expect(told).toEqual(['--config', '/given/node-2.conf']);
  expect(files.map(({ name }) => name)).toEqual(['node-2.conf']);
  expect(files[0]?.text).toContain('listen: "0.0.0.0:7070"\n');
  expect(files[0]?.text).toContain('  listen: "0.0.0.0:7071"\n');
  expect(files[0]?.text).toContain(
    'routes: ["nats://10.2.0.1:7071", "nats://10.2.0.2:7071", "nats://10.2.0.3:7071"]',
  );
  // Nothing but the server is in its image.
  expect(healthCheck).toBeUndefined();
});

test('a server is known by its name', () => {
  expect(['node-3', 'node-12', 'other', undefined].map(nodeOfServer)).toEqual([3, 12, 0, 0]);
});
