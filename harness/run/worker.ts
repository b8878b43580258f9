import { setTimeout as sleep } from 'node:timers/promises';
import type { Ending, NodeState } from '../cluster/cluster.ts';
import type { Housing } from '../cluster/node-host.ts';
import type { Target } from '../driver/driver.ts';
import { HarnessError } from '../errors.ts';
import type { ConsumerAssignment, FromWorker, ProducerAssignment } from '../load/control.ts';
import type { Heard, WorkerConnection } from '../load/control-server.ts';
import type { WorkerLauncher } from '../load/worker-launcher.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import type { ProcessIdentity } from '../supervisor/process-table.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { WorkersClock } from './workers-clock.ts';

export type Role = ProducerAssignment | ConsumerAssignment;
export type WorkerProgress = Extract<FromWorker, { type: 'progress' }>;

export interface WorkerContext {
  readonly supervisor: Supervisor;
  readonly launcher: WorkerLauncher;
  readonly run: string;
  readonly driver: string;
  readonly clock: Pick<WorkersClock, 'carriedTo'>;
  /** A worker may start before that, and is assigned its work only then. */
  readonly serving: Promise<void>;
  /** Addresses of its own for each worker. */
  readonly targetOf: (worker: string) => Target;
  readonly onNote: (source: string, text: string) => void;
  /** A worker ended or failed without having been asked to. */
  readonly onProblem: (sentence: string) => void;
}

const readyMsMax = 30_000;
/** A worker reports each second. */
const signOfLifeMsMax = 1600;
const stopGraceMs = 15_000;

interface Exit {
  readonly atNanos: number;
  /** "exit code 0", "SIGKILL" */
  readonly how: string;
}

interface Life {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly ready: Promise<void>;
  readonly done: Promise<void>;
  readonly exited: Promise<Exit>;
  connection: WorkerConnection | undefined;
  /** It was ready, and may have sent or been given something from then on. */
  hasHistory: boolean;
  progress: WorkerProgress | undefined;
  over: boolean;
  /** It was told to end, or hurt on purpose: its end is no surprise. */
  expected: boolean;
  readonly tell: {
    ready(): void;
    done(): void;
    exited(exit: Exit): void;
    failed(error: Error): void;
  };
}

/**
 * One load worker over all its lives. A killed worker that is started again is a new process with a
 * new number of its own and a new history file, since what the old one had in flight is not known.
 */
export class Worker {
  readonly kind: 'producer' | 'consumer';
  /** From 1, among its kind. */
  readonly number: number;
  readonly group: string | undefined;
  readonly #context: WorkerContext;
  readonly #roleOfLife: () => Role;
  readonly #lives: Life[] = [];
  #originNanos: number | undefined;
  #beats = 0;

  /** `roleOfLife` is asked once per life, for a role with a number not used before. */
  constructor(
    options: {
      kind: 'producer' | 'consumer';
      number: number;
      group?: string;
      roleOfLife: () => Role;
    },
    context: WorkerContext,
  ) {
    this.kind = options.kind;
    this.number = options.number;
    this.group = options.group;
    this.#roleOfLife = options.roleOfLife;
    this.#context = context;
  }

  /** Also the supervisor's name for its process. */
  get name(): string {
    return `${this.kind}-${this.number}`;
  }

  get housing(): Housing {
    return this.#context.launcher.housing;
  }

  get #life(): Life | undefined {
    return this.#lives.at(-1);
  }

  pid(): number {
    return this.#life?.identity.pid ?? 0;
  }

  /** The last that each of its lives reported. */
  progress(): WorkerProgress[] {
    return this.#lives.flatMap(({ progress }) => (progress ? [progress] : []));
  }

  /** Names of the histories of all its lives. */
  histories(): string[] {
    return this.#lives.filter(({ hasHistory }) => hasHistory).map(({ name }) => name);
  }

  /** What its present life last said to have out; of a dead one nothing is under way any more. */
  inFlight(): number {
    const life = this.#life;
    return life === undefined || life.over ? 0 : (life.progress?.inFlight ?? 0);
  }

  /** Starts a process and resolves when it is ready for its start; one that runs is left alone. */
  async launch(): Promise<void> {
    if (this.#life && (await this.state()) !== 'stopped') return;
    const { launcher, run, driver, serving, targetOf, clock } = this.#context;
    const name = this.#lives.length === 0 ? this.name : `${this.name}.${this.#lives.length + 1}`;
    const role = this.#roleOfLife();
    const tell = {
      ready: noop,
      done: noop,
      exited: noop as (exit: Exit) => void,
      failed: noop as (error: Error) => void,
    };
    const ready = new Promise<void>((resolve, reject) => {
      tell.ready = resolve;
      tell.failed = reject;
    });
    ready.catch(noop);
    const done = new Promise<void>((resolve) => (tell.done = resolve));
    const exited = new Promise<Exit>((resolve) => (tell.exited = resolve));
    // What the worker says may overtake the supervisor's answer: they come by different ways.
    const afterStart = (act: (life: Life) => void): void => void started.then(act, noop);
    const launched = launcher.launch({
      process: this.name,
      worker: name,
      heard: {
        onHello: (connection) =>
          afterStart((life) => {
            life.connection = connection;
            const assign = async (): Promise<void> => {
              const carried = await clock.carriedTo(name, connection);
              connection.send({
                type: 'assign',
                run,
                worker: name,
                historyDirectory: launcher.historyDirectory,
                driver,
                target: targetOf(this.name),
                role,
                ...(carried && { clock: carried }),
              });
            };
            serving.then(() => assign().catch(life.tell.failed), noop);
          }),
        onMessage: (message) => afterStart((life) => this.#hear(life, message)),
        onClose: () => undefined,
      },
    });
    const started = launched.then((identity) => {
      const life: Life = {
        name,
        identity,
        ready,
        done,
        exited,
        connection: undefined,
        hasHistory: false,
        progress: undefined,
        over: false,
        expected: false,
        tell,
      };
      this.#lives.push(life);
      return life;
    });
    const life = await started;
    await serving;
    await withTimeout(ready, readyMsMax, `${name} did not become ready within ${readyMsMax} ms`);
    if (this.#originNanos !== undefined)
      life.connection?.send({ type: 'start', originNanos: this.#originNanos });
  }

  /** Load time 0; also for the lives to come. */
  begin(originNanos: number): void {
    this.#originNanos = originNanos;
    this.#life?.connection?.send({ type: 'start', originNanos });
  }

  /** Producer: after its plan it goes on with this phase, until it is enough. */
  goOn(phase: PlannedPhase): void {
    this.#life?.connection?.send({ type: 'go-on', phase });
  }

  /** Producer: it sends nothing more beyond its plan. */
  enough(): void {
    this.#life?.connection?.send({ type: 'enough' });
  }

  /** Asks it to tell its progress now. */
  askForProgress(): void {
    this.#life?.connection?.send({ type: 'report' });
  }

  /** Resolves when the present life has done what was planned, or is gone. */
  async done(): Promise<void> {
    const life = this.#life;
    if (life) await Promise.race([life.done, life.exited]);
  }

  /** Asks it to end in good order, and makes it end after a grace time. */
  async stop(graceMs = stopGraceMs): Promise<Ending> {
    const askedAt = monotonicNanos();
    const life = this.#life;
    if (!life) return { askedAt, endedAt: askedAt, orderly: true, how: 'never started' };
    life.expected = true;
    if ((await this.state()) === 'paused') await this.resume();
    // It has not begun anything that it could end.
    if (life.connection === undefined) return this.#killed(askedAt);
    life.connection.send({ type: 'stop' });
    const ended = Promise.race([life.done, life.exited]).then(() => true);
    const over = await Promise.race([ended, sleep(graceMs, false, { ref: false })]);
    life.connection.close();
    const exited = over
      ? await Promise.race([life.exited, sleep(2000, undefined, { ref: false })])
      : undefined;
    if (!exited) return this.#killed(askedAt);
    const { atNanos, how } = exited;
    return { askedAt, endedAt: atNanos, orderly: how === 'exit code 0', how };
  }

  async #killed(askedAt: number): Promise<Ending> {
    return { askedAt, endedAt: await this.kill(), orderly: false, how: 'SIGKILL' };
  }

  kill(): Promise<number> {
    if (this.#life) this.#life.expected = true;
    return this.#context.supervisor.kill(this.name);
  }

  pause(): Promise<number> {
    return this.#context.supervisor.pause(this.name);
  }

  resume(): Promise<number> {
    return this.#context.supervisor.resume(this.name);
  }

  async state(): Promise<NodeState> {
    if (!this.#life) return 'stopped';
    return (await this.#context.supervisor.state(this.name)).state;
  }

  /** Whether it reports within the time in which each worker must. */
  async answers(): Promise<boolean> {
    const before = this.#beats;
    const deadline = monotonicNanos() + signOfLifeMsMax * 1e6;
    while (this.#beats === before) {
      if (monotonicNanos() > deadline) return false;
      await sleep(20);
    }
    return true;
  }

  /** The supervisor saw a process of this worker end. */
  exited(identity: ProcessIdentity, how: string, atNanos: number): void {
    const life = this.#lives.find((candidate) => candidate.identity.pid === identity.pid);
    if (!life) return;
    life.over = true;
    life.tell.failed(new HarnessError('worker', `${life.name} ended before it was ready (${how})`));
    life.tell.exited({ atNanos, how });
    if (!life.expected) this.#context.onProblem(`${life.name} ended by itself (${how})`);
  }

  #hear(life: Life, message: Heard): void {
    switch (message.type) {
      case 'ready':
        life.hasHistory = true;
        return life.tell.ready();
      case 'progress':
        life.progress = message;
        this.#beats++;
        return;
      case 'note':
        return this.#context.onNote(life.name, message.text);
      case 'done':
        life.expected = true;
        return life.tell.done();
      case 'failed':
        life.tell.failed(new HarnessError('worker', `${life.name}: ${message.message}`));
        this.#context.onProblem(`${life.name}: ${message.message}`);
    }
  }
}

function noop(): void {}

async function withTimeout<T>(
  promise: Promise<T>,
  timeoutMs: number,
  sentence: string,
): Promise<T> {
  const patience = new AbortController();
  const tooLong = sleep(timeoutMs, undefined, { signal: patience.signal, ref: false }).then(
    () => Promise.reject(new HarnessError('worker', sentence)),
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([promise, tooLong]);
  } finally {
    patience.abort();
  }
}
