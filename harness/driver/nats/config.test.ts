import { expect, test } from 'vitest';
import type { NodeSeat } from '../../cluster/node-program.ts';
import { configText, nodeOfServer } from './config.ts';

const seat: NodeSeat = {
  node: 2,
  listens: [
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
  const [listens] = seat.listens;
  const alone = { ...seat, node: 1, listens: [listens!] };
  expect(configText(alone, { flush: 'os', flushInterval: 100 })).not.toContain('cluster');
});

test('a server is known by its name', () => {
  expect(['node-3', 'node-12', 'other', undefined].map(nodeOfServer)).toEqual([3, 12, 0, 0]);
});
