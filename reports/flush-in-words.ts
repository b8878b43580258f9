import { z } from 'zod';
import type { RunRecord } from '../harness/record/record.ts';
import { listed, millis } from './format.ts';

/** How a broker tells of each of its servers, and how one tells of its topic. */
const serversSchema = z.object({
  servers: z.array(z.object({ syncAlways: z.boolean(), syncIntervalMs: z.number() })),
});
const topicSchema = z.object({ flushIntervalMs: z.number() });

/**
 * "flush os, every 2 min 0 s as the servers say": the interval that the broker told, where it did,
 * else the one that was asked for. Where each write is synced there is none.
 */
export function flushInWords({ durability, target }: RunRecord): string {
  const { flush, flushIntervalMs } = durability;
  if (flush === 'sync') return 'flush sync';
  const told = toldIntervals(flush, target.config);
  if (told.length > 0) return `flush ${flush}, every ${listed(told)} as the servers say`;
  return flush === 'async' ? `flush async, every ${millis(flushIntervalMs)}` : `flush ${flush}`;
}

function toldIntervals(flush: 'async' | 'os', config: unknown): string[] {
  const servers = serversSchema.safeParse(config).data?.servers ?? [];
  const topic = flush === 'async' ? topicSchema.safeParse(config).data : undefined;
  const intervals = servers.flatMap(({ syncAlways, syncIntervalMs }) =>
    syncAlways ? [] : syncIntervalMs,
  );
  if (intervals.length === 0 && topic !== undefined) intervals.push(topic.flushIntervalMs);
  return [...new Set(intervals.map((ms) => millis(ms)))];
}
