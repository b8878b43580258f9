import type { NodeState } from '../cluster/cluster.ts';
import { SilentEngine } from '../cluster/docker/answer-limit.ts';
import { endInTurn } from '../cluster/docker/end-in-turn.ts';
import type { EngineEndpoint } from '../cluster/docker/endpoint.ts';
import type { ContainerLook } from '../cluster/node-container.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Child } from './child.ts';
import { ProcessChild, type ChildEvents } from './child-process.ts';
import type { ContainerActs } from './container-acts.ts';
import type { ProcessIdentity } from './process-table.ts';
import type { Ask, Notice } from './protocol.ts';

export interface Effect {
  readonly atNanos: number;
  readonly state: NodeState;
  readonly process: ProcessIdentity;
  readonly ports: readonly number[];
  /** How it ended, "exit code 0" or "SIGKILL"; empty while it lives. */
  readonly ending: string;
  /** Where it was started: a number that no other life has. */
  readonly life?: number;
  /** Where it was looked at. */
  readonly container?: ContainerLook;
}

export interface ChildrenOptions {
  readonly run: string;
  /** The run folder. */
  readonly directory: string;
  readonly notify: (notice: Notice) => void;
}

/** What the supervisor owns: starts it, signals it, and says when it showed. */
export class Children {
  readonly #children = new Map<string, Child>();
  /** Names of which a life is on its way. */
  readonly #starting = new Map<string, Promise<Child>>();
  readonly #options: ChildrenOptions;
  readonly #events: ChildEvents;
  /** Containers that were started under a name. */
  readonly #lives = new Map<string, number>();
  /** Lives that have not been put in order yet, also after others of their name. */
  readonly #unretired = new Map<Child, Promise<void>>();
  /** Pids come again, and those of containers may be known too late. */
  readonly #numbers = new WeakMap<Child, number>();
  #number = 0;
  #ending = false;

  constructor(options: ChildrenOptions) {
    this.#options = options;
    this.#events = {
      onFirstLine: (child, line) =>
        options.notify({ type: 'line', name: child.name, life: this.#lifeOf(child), line }),
      onExit: (child, exit) => {
        const { name, identity } = child;
        options.notify({
          type: 'exited',
          name,
          life: this.#lifeOf(child),
          process: identity,
          ...exit,
        });
      },
    };
  }

  /** Processes that live, for the state file; containers are known by their label. */
  living(): (ProcessIdentity & { name: string })[] {
    return [...this.#children.values()]
      .filter((child) => !child.isOver && !child.isContainer)
      .map(({ name, identity }) => ({ name, ...identity }));
  }

  async act(ask: Ask, engine: EngineEndpoint | undefined): Promise<Effect> {
    if (ask.type === 'spawn' || ask.type === 'contain') return this.#begin(ask, engine);
    const child = this.#children.get(ask.name);
    if (!child) throw new Error(`there is no process called ${ask.name}`);
    switch (ask.type) {
      case 'stop':
        return effect(child, await child.stop(ask.graceMs));
      case 'kill':
        return effect(child, await child.kill());
      case 'pause':
        // To ask an engine for its state would take longer than the pausing did.
        return { ...factsOf(child), atNanos: await child.pause(), state: 'paused' };
      case 'resume':
        return effect(child, await child.resume());
      case 'state':
        return effect(child, monotonicNanos());
      case 'limit':
        return effect(child, await actsOf(child).limit(ask.change));
      case 'disconnect':
        return effect(child, await actsOf(child).disconnect(ask.network));
      case 'connect':
        return effect(child, await actsOf(child).connect(ask.network, ask.address));
      case 'look': {
        const container = await actsOf(child).look();
        return { ...(await effect(child, monotonicNanos())), container };
      }
    }
  }

  /** Whether the child of this name pauses by signals, which are sent as soon as it is asked to. */
  pausesAtOnce(name: string): boolean {
    return this.#children.get(name)?.pausesAtOnce ?? false;
  }

  /** Ends everything; what was paused ends too, since SIGKILL needs no resume. */
  async killAll(): Promise<void> {
    this.#ending = true;
    await Promise.allSettled(this.#starting.values());
    const living = [...this.#children.values()].filter((child) => !child.isOver);
    const kill = async (child: Child): Promise<boolean> => {
      try {
        await child.kill();
      } catch (error) {
        // An engine that hangs kills nothing, and tells of no end; one that is away may come back.
        if ((error as Error).cause instanceof SilentEngine) this.#unretired.delete(child);
        return false;
      }
      await this.#unretired.get(child);
      return true;
    };
    const containers = living.filter(({ isContainer }) => isContainer);
    const processes = living.filter(({ isContainer }) => !isContainer);
    await Promise.all([endInTurn(containers, kill), ...processes.map(kill)]);
    await Promise.all(this.#unretired.values());
  }

  async #begin(
    ask: Extract<Ask, { type: 'spawn' | 'contain' }>,
    engine: EngineEndpoint | undefined,
  ): Promise<Effect> {
    const { name } = ask;
    const earlier = this.#children.get(name);
    if (this.#ending) throw new Error('the supervisor is ending');
    if (this.#starting.has(name) || (earlier && !earlier.isOver))
      throw new Error(`${name} is running already`);
    if (ask.type === 'spawn') return this.#took(new ProcessChild(ask, this.#events));
    if (engine === undefined) throw new Error('the run has no Docker Engine');
    const starting = this.#contain(ask, engine);
    this.#starting.set(name, starting);
    try {
      return await this.#took(await starting);
    } finally {
      this.#starting.delete(name);
    }
  }

  /** Loaded when there is one, with the client of the engine. */
  async #contain(ask: Extract<Ask, { type: 'contain' }>, engine: EngineEndpoint): Promise<Child> {
    const { startContainer } = await import('./child-container.ts');
    const { run, directory: folder } = this.#options;
    const life = (this.#lives.get(ask.name) ?? 0) + 1;
    this.#lives.set(ask.name, life);
    return startContainer({ ...ask, run, folder, engine, life }, this.#events);
  }

  #lifeOf(child: Child): number {
    const life = this.#numbers.get(child) ?? ++this.#number;
    this.#numbers.set(child, life);
    return life;
  }

  async #took(child: Child): Promise<Effect> {
    this.#children.set(child.name, child);
    const retired = child.retired.then(() => void this.#unretired.delete(child));
    this.#unretired.set(child, retired);
    return { ...(await effect(child, monotonicNanos())), life: this.#lifeOf(child) };
  }
}

async function effect(child: Child, atNanos: number): Promise<Effect> {
  const state = await child.state();
  return { ...factsOf(child), atNanos, state };
}

function factsOf({ identity, ending, ports }: Child): Omit<Effect, 'atNanos' | 'state'> {
  return { process: identity, ending, ports };
}

function actsOf({ acts, name }: Child): ContainerActs {
  if (acts === undefined) throw new Error(`${name} is no container`);
  return acts;
}
