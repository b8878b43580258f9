import { closeSync, openSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { NodeState } from '../cluster/cluster.ts';
import { createContainer } from '../cluster/docker/create-container.ts';
import type { ContainerSpec } from '../cluster/docker/container-spec.ts';
import type { EngineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt, saidBy, statusOf } from '../cluster/docker/engine.ts';
import { retireContainer } from '../cluster/docker/retire-container.ts';
import { noLimits, type ContainerEnding } from '../cluster/node-container.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Child } from './child.ts';
import { keep, keepOutput } from './child-log.ts';
import type { ChildEvents } from './child-process.ts';
import { ContainerActs, type ContainerLife } from './container-acts.ts';
import {
  isAlive,
  isOfContainer,
  isStopped,
  maySignal,
  processesAround,
  processStatus,
  signalProcess,
  type ProcessIdentity,
} from './process-table.ts';
import { untilOver, type Over } from './until-over.ts';

export interface StartContainerOptions {
  readonly run: string;
  /** The run folder. */
  readonly folder: string;
  readonly engine: EngineEndpoint;
  readonly name: string;
  /** From 1, of this name. */
  readonly life: number;
  readonly container: ContainerSpec;
  readonly logFile: string;
}

/** An engine that was restarted is back within this, or it does not come back. */
const engineBackMsMax = 10_000;
/** The end of a process is told, and explained, within this. */
const endMsMax = 3_000;
/** Signals take effect within this, or the machine is beyond testing on. */
const pausedMsMax = 10_000;
/** Of containers that ended before anybody could ask for their process: different all the same. */
let unseen = 0;

/** Resolves once its process runs, or has run. */
export async function startContainer(
  options: StartContainerOptions,
  events: ChildEvents,
): Promise<Child> {
  const { engine, logFile, name } = options;
  const docker = dockerAt(engine);
  const refused = (error: unknown): Error =>
    new Error(`the container of ${name} cannot be started: ${saidBy(error)}`, { cause: error });
  const container = await createContainer(docker, options).catch((error: unknown) => {
    throw refused(error);
  });
  try {
    const output = new PassThrough();
    const errors = new PassThrough();
    // Its stdin stays open and empty: its end tells the container that its supervisor is gone.
    const attached = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    attached.on('error', () => undefined);
    const silent = new Promise<void>((resolve) => {
      attached.on('end', () => {
        output.end();
        errors.end();
        resolve();
      });
    });
    docker.modem.demuxStream(attached, output, errors);
    const errorLog = openSync(logFile, 'a');
    errors.on('data', (bytes: Buffer) => keep(errorLog, bytes));
    errors.on('end', () => closeSync(errorLog));
    await container.start();
    const look = { ...(await lookAt(container, options)), silent };
    const child = new ContainerChild(container, options, look, events);
    keepOutput(output, openSync(logFile, 'a'), (line) => events.onFirstLine(child, line));
    return child;
  } catch (error) {
    await container.remove({ force: true, v: true }).catch(() => undefined);
    throw refused(error);
  }
}

interface Look {
  readonly identity: ProcessIdentity;
  readonly ports: readonly number[];
  /** Resolves when it can print nothing more: it is gone, or as good as. */
  readonly silent: Promise<void>;
}

async function lookAt(
  container: Docker.Container,
  { container: spec }: StartContainerOptions,
): Promise<Omit<Look, 'silent'>> {
  const { State, NetworkSettings } = await container.inspect();
  const pid = State.Pid > 0 ? State.Pid : --unseen;
  // Where the engine is in a virtual machine, it is the pid of something else here, if of anything.
  const seen = isOfContainer(pid, container.id) ? processStatus(pid) : undefined;
  return {
    identity: { pid, startTime: seen?.startTime ?? 0 },
    ports: spec.ports.map((port) =>
      Number(NetworkSettings.Ports?.[`${port.container}/tcp`]?.[0]?.HostPort ?? 0),
    ),
  };
}

/** A container, as its engine tells of it. */
class ContainerChild implements Child, ContainerLife {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly isContainer = true;
  readonly ports: readonly number[];
  readonly exited: Promise<number>;
  readonly retired: Promise<void>;
  readonly acts: ContainerActs;
  readonly #docker: Docker;
  readonly #container: Docker.Container;
  readonly #silent: Promise<void>;
  #killed = false;
  #exit: Over | undefined;

  constructor(
    container: Docker.Container,
    { name, engine, container: { limits } }: StartContainerOptions,
    { identity, ports, silent }: Look,
    events: ChildEvents,
  ) {
    this.name = name;
    this.identity = identity;
    this.ports = ports;
    this.#silent = silent;
    this.#docker = dockerAt(engine);
    this.#container = container;
    const killed = (): boolean => this.#killed;
    const over = untilOver(this.#docker, container, { killed, backMsMax: engineBackMsMax });
    this.exited = over.then((exit) => {
      const { code, signal, atNanos } = exit;
      this.#exit = exit;
      events.onExit(this, { code, signal, atNanos });
      return atNanos;
    });
    this.acts = new ContainerActs(this.#docker, container, this, limits ?? noLimits);
    this.retired = this.exited.then(() =>
      retireContainer(this.#docker, container.id).catch((error: unknown) => {
        process.stderr.write(`${name}: ${saidBy(error)}\n`);
      }),
    );
  }

  /** Its processes are those of this machine's kernel, seen from here, and may be signalled. */
  get pausesAtOnce(): boolean {
    return this.identity.startTime !== 0 && maySignal(this.identity);
  }

  get isOver(): boolean {
    return this.#exit !== undefined;
  }

  get ending(): string {
    return this.#exit?.how ?? '';
  }

  get ended(): ContainerEnding | null {
    if (this.#exit === undefined) return null;
    const { how, outOfMemory } = this.#exit;
    return { how, outOfMemory };
  }

  async state(): Promise<NodeState> {
    if (this.#exit !== undefined) return 'stopped';
    const { State } = await this.#container.inspect();
    if (State.Running) return State.Paused || isStopped(this.identity) ? 'paused' : 'running';
    // Whoever is told that it has stopped may start the next life of its name.
    await Promise.race([this.exited, sleep(endMsMax, undefined, { ref: false })]);
    return 'stopped';
  }

  async stop(graceMs: number): Promise<number> {
    if (this.#exit !== undefined) return this.#exit.atNanos;
    await this.#signal('SIGTERM');
    if ((await this.state()) === 'paused') await this.resume();
    const patience = new AbortController();
    const atNanos = await Promise.race([
      this.exited,
      sleep(graceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    return atNanos ?? this.kill();
  }

  /**
   * The engine lets a paused container take it, too. It takes effect when the process is gone, which
   * the engine tells only once it has taken down the rest.
   */
  async kill(): Promise<number> {
    if (this.#exit !== undefined) return this.exited;
    this.#killed = true;
    const gone = this.#processGone();
    await this.#signal('SIGKILL');
    await this.exited;
    return gone;
  }

  /** As this machine's kernel tells, where it is the engine's too; else as its output does. */
  async #processGone(): Promise<number> {
    if (this.identity.startTime === 0)
      return Promise.race([this.exited, this.#silent.then(monotonicNanos)]);
    while (this.#exit === undefined) {
      if (!isAlive(this.identity)) return monotonicNanos();
      await sleep(1);
    }
    return this.exited;
  }

  /** All its processes, from outside; where they cannot be signalled, through the engine. */
  pause(): Promise<number> {
    return this.pausesAtOnce ? this.#pauseBySignals() : this.#pauseByEngine();
  }

  async #pauseByEngine(): Promise<number> {
    try {
      await this.#container.pause();
    } catch (error) {
      // Paused already, or not running: what it is is told below.
      if (statusOf(error) !== 409) throw new Error(saidBy(error), { cause: error });
    }
    return this.#isNow('paused');
  }

  async #pauseBySignals(): Promise<number> {
    const deadline = monotonicNanos() + pausedMsMax * 1e6;
    signalProcess(this.identity, 'SIGSTOP');
    // Others that are to be paused at the same instant come first.
    for (await sleep(1); this.#exit === undefined; await sleep(1)) {
      const around = processesAround(this.identity).filter(isAlive);
      const running = around.filter((one) => !isStopped(one));
      const atNanos = monotonicNanos();
      if (around.length > 0 && running.length === 0) return atNanos;
      if (atNanos > deadline) throw new Error(`${this.name} is not paused after ${pausedMsMax} ms`);
      for (const one of running) signalProcess(one, 'SIGSTOP');
    }
    throw new Error(`${this.name} has ended`);
  }

  async resume(): Promise<number> {
    if ((await this.#container.inspect()).State.Paused) await this.#container.unpause();
    for (const one of this.pausesAtOnce ? processesAround(this.identity) : [])
      if (isStopped(one)) signalProcess(one, 'SIGCONT');
    return this.#isNow('running');
  }

  async #signal(signal: string): Promise<void> {
    try {
      await this.#container.kill({ signal });
    } catch (error) {
      // Not running any more, or not there: then it has ended, as was wanted.
      if (statusOf(error) !== 409 && statusOf(error) !== 404)
        throw new Error(saidBy(error), { cause: error });
    }
  }

  async #isNow(wanted: NodeState): Promise<number> {
    const atNanos = monotonicNanos();
    const state = await this.state();
    if (state === wanted) return atNanos;
    throw new Error(
      state === 'stopped' ? `${this.name} has ended` : `${this.name} is ${state}, not ${wanted}`,
    );
  }
}
