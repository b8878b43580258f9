import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeState } from '../cluster/cluster.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Child, Exit } from './child.ts';
import { keepOutput } from './child-log.ts';
import { processStatus, type ProcessIdentity } from './process-table.ts';
import type { Ask } from './protocol.ts';

/** A signal takes effect within this, or the machine is beyond testing on. */
const effectMsMax = 10_000;

export interface ChildEvents {
  readonly onFirstLine: (child: Child, line: string) => void;
  readonly onExit: (child: Child, exit: Exit) => void;
}

/** A process of this machine. */
export class ProcessChild implements Child {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly isContainer = false;
  readonly pausesAtOnce = true;
  readonly ports: readonly number[] = [];
  readonly exited: Promise<number>;
  readonly retired: Promise<void>;
  readonly #process: ChildProcess;
  #exitedAt: number | undefined;

  constructor(ask: Extract<Ask, { type: 'spawn' }>, events: ChildEvents) {
    const log = openSync(ask.logFile, 'a');
    // The child's stdin stays open and empty: its end tells the child that its parent is gone.
    const child = spawn(ask.command, [...ask.arguments], { stdio: ['pipe', 'pipe', log] });
    const pid = child.pid;
    if (pid === undefined) {
      closeSync(log);
      child.once('error', () => undefined);
      throw new Error(`${ask.command} could not be started`);
    }
    this.name = ask.name;
    this.#process = child;
    this.identity = { pid, startTime: processStatus(pid)?.startTime ?? 0 };
    this.exited = new Promise<number>((resolve) => {
      child.once('exit', (code, signal) => {
        const atNanos = monotonicNanos();
        this.#exitedAt = atNanos;
        events.onExit(this, { code, signal, atNanos });
        resolve(atNanos);
      });
    });
    this.retired = this.exited.then(() => undefined);
    child.stdin?.on('error', () => undefined);
    if (child.stdout) keepOutput(child.stdout, log, (line) => events.onFirstLine(this, line));
    else closeSync(log);
  }

  get isOver(): boolean {
    return this.#exitedAt !== undefined;
  }

  get ending(): string {
    const { exitCode, signalCode } = this.#process;
    return signalCode ?? (exitCode === null ? '' : `exit code ${exitCode}`);
  }

  state(): Promise<NodeState> {
    return Promise.resolve(this.#state());
  }

  async stop(graceMs: number): Promise<number> {
    if (this.#exitedAt !== undefined) return this.#exitedAt;
    this.#process.kill('SIGTERM');
    this.#process.kill('SIGCONT');
    const patience = new AbortController();
    const atNanos = await Promise.race([
      this.exited,
      sleep(graceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    if (atNanos !== undefined) return atNanos;
    return this.kill();
  }

  kill(): Promise<number> {
    this.#process.kill('SIGKILL');
    return this.exited;
  }

  pause(): Promise<number> {
    this.#process.kill('SIGSTOP');
    return this.#until('paused');
  }

  resume(): Promise<number> {
    this.#process.kill('SIGCONT');
    return this.#until('running');
  }

  #state(): NodeState {
    if (this.#exitedAt !== undefined) return 'stopped';
    const status = processStatus(this.identity.pid);
    if (!status || status.startTime !== this.identity.startTime || status.state === 'Z')
      return 'stopped';
    return status.state === 'T' ? 'paused' : 'running';
  }

  /** Watches the kernel's own word on the process until it says what is wanted. */
  async #until(wanted: NodeState): Promise<number> {
    const deadline = monotonicNanos() + effectMsMax * 1e6;
    for (;;) {
      const state = this.#state();
      const now = monotonicNanos();
      if (state === wanted) return now;
      if (state === 'stopped') throw new Error(`${this.name} has ended`);
      if (now > deadline) throw new Error(`${this.name} is not ${wanted} after ${effectMsMax} ms`);
      await sleep(1);
    }
  }
}
