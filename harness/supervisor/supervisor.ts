import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending, NodeState } from '../cluster/cluster.ts';
import type { NetworkSpec } from '../cluster/docker/create-network.ts';
import type { EngineEndpoint } from '../cluster/docker/endpoint.ts';
import type { ContainerLimits, ContainerLook } from '../cluster/node-container.ts';
import { entryPoint } from '../entry-point.ts';
import { HarnessError } from '../errors.ts';
import type { FileEnd } from '../file-system/file-ends.ts';
import { releaseBelow, type LoopMount } from '../file-system/loop-mount.ts';
import { monotonicNanos } from '../measure/clock.ts';
import { ownIdentity, signalProcess, type ProcessIdentity } from './process-table.ts';
import {
  lateExitCode,
  stateFileName,
  type Ask,
  type CutAsk,
  type EngineAsk,
  type MountAsk,
  type NetworkAsk,
  type Notice,
  type Reply,
} from './protocol.ts';

export interface SupervisorOptions {
  readonly run: string;
  /** The run folder: state file and the supervisor's own log. */
  readonly directory: string;
  readonly onExit: (exit: Extract<Notice, { type: 'exited' }>) => void;
  /**
   * The supervisor ended while it was needed. Told at once, and before whatever was asked of it is
   * refused; when `close` resolves its children have been killed and its mounts are gone.
   */
  readonly onLost: () => void;
}

interface Readiness {
  readonly name: string;
  readonly promise: Promise<string>;
  readonly resolve: (line: string) => void;
  readonly reject: (error: Error) => void;
}

/** What an engine was asked for is there within this, or not at all. */
const comingMsMax = 10_000;

type Answer = Extract<Reply, { type: 'answer' }>;
type Done = Extract<Reply, { type: 'done' }>;

/**
 * The harness's hold on its supervisor. Every method resolves once the effect was observed, with
 * its monotonic nanoseconds, and rejects with HarnessError `cluster`.
 */
export class Supervisor {
  readonly #process: ChildProcess;
  readonly #options: SupervisorOptions;
  readonly #waiting = new Map<
    number,
    {
      /** It brings something about on an engine. */
      readonly makes: boolean;
      resolve(answer: Answer | Done): void;
      reject(error: Error): void;
    }
  >();
  /** By life, from whichever comes first: it is told of as started, or its line is printed. */
  readonly #firstLines = new Map<number, Readiness>();
  /** By name: the life that was started last. */
  readonly #lives = new Map<string, number>();
  /** What lives because of this run, so that it can be ended when the supervisor no longer can. */
  readonly #children = new Map<string, ProcessIdentity>();
  /** Directories that may hold images of the run that are mounted. */
  readonly #imageDirectories = new Set<string>();
  /** On which there may be containers of the run. */
  #engine: EngineEndpoint | undefined;
  readonly #ended: Promise<string[]>;
  #nextId = 1;
  #closing = false;
  #gone = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const log = openSync(join(options.directory, 'supervisor.log'), 'a');
    const identity = JSON.stringify(ownIdentity());
    const state = join(options.directory, stateFileName);
    this.#process = spawn(
      process.execPath,
      [entryPoint('harness/supervisor/main.js'), options.run, state, identity],
      { detached: true, stdio: ['pipe', 'pipe', log] },
    );
    closeSync(log);
    this.#ended = new Promise<number | null>((resolve) => {
      this.#process.once('error', () => resolve(null));
      this.#process.once('exit', resolve);
    }).then((code) => this.#end(code));
    this.#process.stdin?.on('error', () => undefined);
    const lines = createInterface({ input: this.#process.stdout!, crlfDelay: Infinity });
    lines.on('line', (line) => this.#hear(JSON.parse(line) as Reply | Notice));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** It has ended, and whatever it owned has or is about to. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Starts a child and resolves once it runs; `firstLine` tells when it is ready. */
  async spawn(ask: Omit<Extract<Ask, { type: 'spawn' }>, 'type'>): Promise<Answer> {
    const answer = await this.#start({ type: 'spawn', ...ask });
    this.#children.set(ask.name, answer.process);
    return answer;
  }

  /** Before anything of the run is made on it. */
  async useEngine(endpoint: EngineEndpoint): Promise<void> {
    this.#engine = endpoint;
    await this.#ask({ type: 'engine', endpoint });
  }

  /** On the run's engine; it goes when the supervisor does. */
  async makeNetwork(network: NetworkSpec): Promise<void> {
    await this.#ask({ type: 'network', ...network });
  }

  /** As `spawn`, in a container on the run's engine. */
  contain(ask: Omit<Extract<Ask, { type: 'contain' }>, 'type'>): Promise<Answer> {
    return this.#start({ type: 'contain', ...ask });
  }

  /**
   * The first line that the last life of this name prints on stdout; rejects when it ends or takes too
   * long.
   */
  async firstLine(name: string, timeoutMs: number): Promise<string> {
    const life = this.#lives.get(name);
    assert(life !== undefined, `${name} has been started`);
    const patience = new AbortController();
    const tooLong = sleep(timeoutMs, undefined, { signal: patience.signal }).then(() => {
      throw new HarnessError('cluster', `${name} did not become ready within ${timeoutMs} ms`);
    });
    tooLong.catch(() => undefined);
    try {
      return await Promise.race([this.#readiness(name, life).promise, tooLong]);
    } finally {
      patience.abort();
    }
  }

  async stop(name: string, graceMs: number): Promise<Ending> {
    const askedAt = monotonicNanos();
    const { atNanos, ending } = await this.#askOfChild({ type: 'stop', name, graceMs });
    return { askedAt, endedAt: atNanos, orderly: ending === 'exit code 0', how: ending };
  }

  async kill(name: string): Promise<number> {
    return (await this.#askOfChild({ type: 'kill', name })).atNanos;
  }

  async pause(name: string): Promise<number> {
    return (await this.#askOfChild({ type: 'pause', name })).atNanos;
  }

  async resume(name: string): Promise<number> {
    return (await this.#askOfChild({ type: 'resume', name })).atNanos;
  }

  async state(name: string): Promise<{ state: NodeState; process: ProcessIdentity }> {
    return this.#askOfChild({ type: 'state', name });
  }

  /** Of a container: resolves once the limits are in force, or it was killed by them. */
  async limit(name: string, change: Partial<ContainerLimits>): Promise<number> {
    return (await this.#askOfChild({ type: 'limit', name, change })).atNanos;
  }

  async disconnect(name: string, network: string): Promise<number> {
    return (await this.#askOfChild({ type: 'disconnect', name, network })).atNanos;
  }

  async connect(name: string, network: string, address: string): Promise<number> {
    return (await this.#askOfChild({ type: 'connect', name, network, address })).atNanos;
  }

  /** At a container, also after its end. */
  async look(name: string): Promise<ContainerLook> {
    const { container } = await this.#askOfChild({ type: 'look', name });
    assert(container, 'a look has a result');
    return container;
  }

  async mount(what: LoopMount): Promise<number> {
    this.#imageDirectories.add(dirname(what.image));
    return (await this.#ask({ type: 'mount', ...what })).atNanos;
  }

  async unmount(directory: string): Promise<number> {
    return (await this.#ask({ type: 'unmount', directory })).atNanos;
  }

  /**
   * Freezes a child and, right after it, shuts down the file system that is mounted there, which is
   * armed. Resolves with when it was frozen, and how long these files were then, by path.
   */
  async cutPower(cut: Omit<CutAsk, 'type'>): Promise<{
    readonly frozenAt: number;
    readonly ends: readonly FileEnd[];
  }> {
    const { atNanos, ends = [] } = (await this.#ask({ type: 'cut-power', ...cut })) as Done;
    const decoded = ends.map((one) => ({ ...one, end: Buffer.from(one.end, 'base64') }));
    return { frozenAt: atNanos, ends: decoded };
  }

  /** Its shut-down is to take effect at once when it is asked for. */
  async armShutDown(directory: string): Promise<void> {
    await this.#ask({ type: 'arm', directory });
  }

  /** The file system that is mounted there is cut off from its image, as it is. */
  async shutDown(directory: string): Promise<number> {
    return (await this.#ask({ type: 'shut-down', directory })).atNanos;
  }

  /**
   * Ends the supervisor and with it every child and mount; resolves when it is gone, with a
   * sentence for each mount that somebody holds on to.
   */
  async close(): Promise<string[]> {
    this.#closing = true;
    this.#process.stdin?.end();
    return this.#ended;
  }

  async #start(ask: Extract<Ask, { type: 'spawn' | 'contain' }>): Promise<Answer> {
    const answer = await this.#askOfChild(ask);
    assert(answer.life !== undefined, 'what is started has a life');
    this.#lives.set(ask.name, answer.life);
    this.#readiness(ask.name, answer.life);
    return answer;
  }

  async #askOfChild(ask: Ask): Promise<Answer> {
    return (await this.#ask(ask)) as Answer;
  }

  #ask(ask: Ask | MountAsk | CutAsk | EngineAsk | NetworkAsk): Promise<Answer | Done> {
    if (this.#gone) return Promise.reject(supervisorEnded());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const makes = ask.type === 'network' || ask.type === 'contain';
      this.#waiting.set(id, { makes, resolve, reject });
      this.#process.stdin?.write(`${JSON.stringify({ id, ...ask })}\n`);
    });
  }

  #hear(message: Reply | Notice): void {
    switch (message.type) {
      case 'answer':
      case 'done':
        this.#waiting.get(message.id)?.resolve(message);
        this.#waiting.delete(message.id);
        break;
      case 'refused':
        this.#waiting.get(message.id)?.reject(new HarnessError('cluster', message.message));
        this.#waiting.delete(message.id);
        break;
      case 'line':
        this.#readiness(message.name, message.life).resolve(message.line);
        break;
      case 'exited':
        if (this.#children.get(message.name)?.pid === message.process.pid)
          this.#children.delete(message.name);
        this.#readiness(message.name, message.life).reject(
          endedEarly(message.name, message.signal ?? `exit code ${message.code}`),
        );
        this.#options.onExit(message);
    }
  }

  /**
   * Mostly the supervisor has done it; when it was killed, or came to no end, nobody else is left to.
   * What it was still asking for then may come only now.
   */
  async #removeFromEngine({ coming }: { readonly coming: boolean }): Promise<string[]> {
    if (this.#engine === undefined) return [];
    const [{ dockerAt }, { removeRun }] = await Promise.all([
      import('../cluster/docker/engine.ts'),
      import('../cluster/docker/remove-run.ts'),
    ]);
    const comingMs = coming ? comingMsMax : 0;
    return removeRun(dockerAt(this.#engine), this.#options.run, { comingMs });
  }

  #readiness(name: string, life: number): Readiness {
    let readiness = this.#firstLines.get(life);
    if (!readiness) {
      readiness = newReadiness(name);
      this.#firstLines.set(life, readiness);
    }
    return readiness;
  }

  async #end(code: number | null): Promise<string[]> {
    this.#gone = true;
    const coming = code !== 0 && [...this.#waiting.values()].some(({ makes }) => makes);
    for (const identity of this.#children.values()) signalProcess(identity, 'SIGKILL');
    this.#children.clear();
    if (!this.#closing) this.#options.onLost();
    const error = supervisorEnded();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    const how = 'with its supervisor';
    for (const { name, reject } of this.#firstLines.values()) reject(endedEarly(name, how));
    const released = [...this.#imageDirectories].map((directory) => releaseBelow(directory));
    const late =
      code === lateExitCode
        ? ['the supervisor was not done in time: what it had left was cleaned up without it']
        : [];
    const onEngine = await this.#removeFromEngine({ coming });
    return [...late, ...onEngine, ...(await Promise.all(released)).flat()];
  }
}

function newReadiness(name: string): Readiness {
  let resolve: Readiness['resolve'] = () => undefined;
  let reject: Readiness['reject'] = () => undefined;
  const promise = new Promise<string>((onLine, onEnd) => {
    resolve = onLine;
    reject = onEnd;
  });
  // Not every child is waited for, and one that is may end long after it was ready.
  promise.catch(() => undefined);
  return { name, promise, resolve, reject };
}

function supervisorEnded(): HarnessError {
  return new HarnessError('cluster', 'the supervisor has ended');
}

function endedEarly(name: string, how: string): HarnessError {
  return new HarnessError('cluster', `${name} ended before it was ready (${how})`);
}
