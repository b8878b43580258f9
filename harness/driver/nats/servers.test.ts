import { describe, expect, test } from 'vitest';
import { unlikeAsked, type Server } from './servers.ts';

const server = (node: number, changes: Partial<Server> = {}): Server => ({
  node,
  version: '2.12.1',
  syncAlways: false,
  syncIntervalMs: 120_000,
  ...changes,
});

describe('servers that run otherwise than asked', () => {
  test('are told of when one does not sync each write', () => {
    const always = { syncAlways: true };
    const asked = { flush: 'sync', flushIntervalMs: 100 } as const;
    expect(unlikeAsked([server(1, always), server(2, always)], asked)).toBeUndefined();
    expect(unlikeAsked([server(1, always), server(2)], asked)).toBe(
      'node 2 says that it syncs every 120000 ms, and flush sync was asked for',
    );
  });

  test('are told of when one syncs at another interval, or more often than was asked for', () => {
    const asked = { flush: 'async', flushIntervalMs: 500 } as const;
    expect(unlikeAsked([server(1, { syncIntervalMs: 500 })], asked)).toBeUndefined();
    expect(unlikeAsked([server(1)], asked)).toBe(
      'node 1 says that it syncs every 120000 ms, and flush async every 500 ms was asked for',
    );
    const always = server(3, { syncAlways: true });
    for (const flush of ['async', 'os'] as const)
      expect(unlikeAsked([always], { ...asked, flush }), flush).toContain(
        'node 3 says that it syncs each write, and flush ',
      );
  });

  test('are not told of by an interval that was left to them', () => {
    const asked = { flush: 'os', flushIntervalMs: 500 } as const;
    expect(unlikeAsked([server(1, { syncIntervalMs: 60_000 })], asked)).toBeUndefined();
  });

  test('are told of when one is too old, as only an image can be', () => {
    const old = server(2, { version: '2.10.7' });
    expect(unlikeAsked([server(1), old], { flush: 'os', flushIntervalMs: 0 })).toMatch(
      /^node 2 is nats-server 2\.10\.7, and 2\.10\.23 or later is needed/,
    );
  });
});
