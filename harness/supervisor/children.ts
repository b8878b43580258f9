import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeState } from '../cluster/cluster.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { processStatus, type ProcessIdentity } from './process-table.ts';
import type { Ask, Notice } from './protocol.ts';

interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  readonly identity: ProcessIdentity;
  /** Resolves with the time at which its end was seen. */
  readonly exited: Promise<number>;
  exitedAt: number | undefined;
}

export interface Effect {
  readonly atNanos: number;
  readonly state: NodeState;
  readonly process: ProcessIdentity;
  /** How it ended, "exit code 0" or "SIGKILL"; empty while it lives. */
  readonly ending: string;
}

/** A signal takes effect within this, or the machine is beyond testing on. */
const effectMsMax = 10_000;

/** The processes that the supervisor owns: starts them, signals them, and says when it showed. */
export class Children {
  readonly #children = new Map<string, Child>();
  readonly #notify: (notice: Notice) => void;

  constructor(notify: (notice: Notice) => void) {
    this.#notify = notify;
  }

  /** Processes that live, for the state file. */
  living(): (ProcessIdentity & { name: string })[] {
    return [...this.#children.values()]
      .filter((child) => child.exitedAt === undefined)
      .map(({ name, identity }) => ({ name, ...identity }));
  }

  async act(ask: Ask): Promise<Effect> {
    if (ask.type === 'spawn') return this.#spawn(ask);
    const child = this.#children.get(ask.name);
    if (!child) throw new Error(`there is no process called ${ask.name}`);
    switch (ask.type) {
      case 'stop':
        return effect(child, await this.#stop(child, ask.graceMs));
      case 'kill':
        child.process.kill('SIGKILL');
        return effect(child, await child.exited);
      case 'pause':
        child.process.kill('SIGSTOP');
        return effect(child, await until(child, 'paused'));
      case 'resume':
        child.process.kill('SIGCONT');
        return effect(child, await until(child, 'running'));
      case 'state':
        return effect(child, monotonicNanos());
    }
  }

  /** Ends everything; a process that was paused ends too, since SIGKILL needs no resume. */
  async killAll(): Promise<void> {
    const living = [...this.#children.values()].filter((child) => child.exitedAt === undefined);
    for (const child of living) child.process.kill('SIGKILL');
    await Promise.all(living.map((child) => child.exited));
  }

  #spawn(ask: Extract<Ask, { type: 'spawn' }>): Effect {
    const earlier = this.#children.get(ask.name);
    if (earlier && earlier.exitedAt === undefined)
      throw new Error(`${ask.name} is running already`);
    const log = openSync(ask.logFile, 'a');
    // The child's stdin stays open and empty: its end tells the child that its parent is gone.
    const child = spawn(ask.command, [...ask.arguments], { stdio: ['pipe', 'pipe', log] });
    const pid = child.pid;
    if (pid === undefined) {
      closeSync(log);
      child.once('error', () => undefined);
      throw new Error(`${ask.command} could not be started`);
    }
    const identity = { pid, startTime: processStatus(pid)?.startTime ?? 0 };
    const exited = new Promise<number>((resolve) => {
      child.once('exit', (code, signal) => {
        const atNanos = monotonicNanos();
        record.exitedAt = atNanos;
        this.#notify({ type: 'exited', name: ask.name, process: identity, code, signal, atNanos });
        resolve(atNanos);
      });
    });
    const record: Child = { name: ask.name, process: child, identity, exited, exitedAt: undefined };
    this.#children.set(ask.name, record);
    child.stdin?.on('error', () => undefined);
    this.#keepOutput(child, ask.name, pid, log);
    return effect(record, monotonicNanos());
  }

  #keepOutput(child: ChildProcess, name: string, pid: number, log: number): void {
    const output = child.stdout;
    if (!output) return closeSync(log);
    let lines = 0;
    const keep = (line: string): void => {
      try {
        writeSync(log, `${line}\n`);
      } catch {
        // A full disk costs the child's words, not the child.
      }
    };
    const reader = createInterface({ input: output, crlfDelay: Infinity });
    reader.on('line', (line) => {
      keep(line);
      if (lines++ === 0) this.#notify({ type: 'line', name, pid, line });
    });
    reader.on('close', () => closeSync(log));
  }

  async #stop(child: Child, graceMs: number): Promise<number> {
    if (child.exitedAt !== undefined) return child.exitedAt;
    child.process.kill('SIGTERM');
    child.process.kill('SIGCONT');
    const patience = new AbortController();
    const atNanos = await Promise.race([
      child.exited,
      sleep(graceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    if (atNanos !== undefined) return atNanos;
    child.process.kill('SIGKILL');
    return child.exited;
  }
}

function stateOf(child: Child): NodeState {
  if (child.exitedAt !== undefined) return 'stopped';
  const status = processStatus(child.identity.pid);
  if (!status || status.startTime !== child.identity.startTime || status.state === 'Z')
    return 'stopped';
  return status.state === 'T' ? 'paused' : 'running';
}

function effect(child: Child, atNanos: number): Effect {
  const { exitCode, signalCode } = child.process;
  const ending = signalCode ?? (exitCode === null ? '' : `exit code ${exitCode}`);
  return { atNanos, state: stateOf(child), process: child.identity, ending };
}

/** Watches the kernel's own word on the process until it says what is wanted. */
async function until(child: Child, wanted: NodeState): Promise<number> {
  const deadline = monotonicNanos() + effectMsMax * 1e6;
  for (;;) {
    const state = stateOf(child);
    const now = monotonicNanos();
    if (state === wanted) return now;
    if (state === 'stopped') throw new Error(`${child.name} has ended`);
    if (now > deadline) throw new Error(`${child.name} is not ${wanted} after ${effectMsMax} ms`);
    await sleep(1);
  }
}
