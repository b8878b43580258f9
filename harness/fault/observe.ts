import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicNanos } from '../measure/clock.ts';
import type { Proof, Victim } from './fault.ts';

/**
 * Whether the victim is seen, from outside, to be down: its process gone or in state T, and no
 * answer from it. One without the other is no proof: a process that is gone while something still
 * answers in its place, or a silent one that the kernel knows to be running.
 */
export async function proveDown(victim: Victim, expected: 'stopped' | 'paused'): Promise<Proof> {
  const [state, answers] = [await victim.state(), await victim.answers()];
  const seen = expected === 'paused' ? pausedWords[victim.housing] : 'is gone';
  if (state !== expected) {
    return {
      result: 'mismatch',
      evidence: `${processOf(victim)} is ${state}, expected ${expected}`,
    };
  }
  if (answers) {
    return {
      result: 'mismatch',
      evidence: `${processOf(victim)} ${seen}, and yet ${victim.name} answers`,
    };
  }
  return { result: 'confirmed', evidence: `${processOf(victim)} ${seen}, ${silenceOf(victim)}` };
}

/** Whether the victim runs and answers again; it is given time, since clients need it too. */
export async function proveUp(victim: Victim, patienceMs: number): Promise<Proof> {
  const deadline = monotonicNanos() + patienceMs * 1e6;
  for (;;) {
    const state = await victim.state();
    const answers = state === 'running' && (await victim.answers());
    if (answers) {
      return {
        result: 'confirmed',
        evidence: `${processOf(victim)} is running, ${victim.name} answers`,
      };
    }
    if (monotonicNanos() > deadline) {
      const silence = state === 'running' ? `, no answer within ${patienceMs} ms` : '';
      return { result: 'mismatch', evidence: `${processOf(victim)} is ${state}${silence}` };
    }
    await sleep(50);
  }
}

const pausedWords = { process: 'is in state T', container: 'is paused' } as const;

function processOf(victim: Victim): string {
  const pid = victim.pid();
  return victim.housing === 'process' ? `process ${pid}` : `container with process ${pid}`;
}

function silenceOf(victim: Victim): string {
  return victim.target === 'node' ? 'no answer to a new connection' : 'no sign of life';
}
