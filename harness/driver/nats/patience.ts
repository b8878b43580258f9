import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';

const againMs = 100;
const streamNotFound = 10_059;
const messageNotFound = 10_037;

/** Tries until it comes to something; rejects with the last reason when the time is over. */
export async function until<T>(patienceMs: number, act: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(againMs);
    }
  }
}

/** The servers know of no such stream; so they say while they are still starting, too. */
export function isStreamNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === streamNotFound;
}

export function isMessageNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === messageNotFound;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
