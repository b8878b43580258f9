import { dirname } from 'node:path';
import { ArmedShutDown } from '../file-system/armed-shut-down.ts';
import {
  mount,
  releaseBelow,
  shutDown,
  unmount,
  type LoopMount,
} from '../file-system/loop-mount.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { MountAsk } from './protocol.ts';

/** The mounts that the supervisor owns: from before they are made until they are gone. */
export class Mounts {
  readonly #mounts = new Map<string, LoopMount>();
  /** By directory: shut-downs that wait for the word. */
  readonly #armed = new Map<string, ArmedShutDown>();
  /** Those of one directory are done in the order in which they were asked for. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #onChange: () => void;
  #ending = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  present(): LoopMount[] {
    return [...this.#mounts.values()];
  }

  /** Resolves with the time at which it was done. */
  act(ask: MountAsk): Promise<number> {
    const before = this.#turns.get(ask.directory) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(() => this.#act(ask));
    this.#turns.set(ask.directory, turn);
    return turn;
  }

  /** Once nobody uses them any more; with a sentence for each that somebody holds on to. */
  async releaseAll(): Promise<string[]> {
    this.#ending = true;
    await Promise.allSettled(this.#turns.values());
    await Promise.all([...this.#armed.keys()].map((directory) => this.#disarm(directory)));
    const folders = new Set(this.present().map(({ image }) => dirname(image)));
    const problems = await Promise.all([...folders].map((folder) => releaseBelow(folder)));
    this.#mounts.clear();
    return problems.flat();
  }

  async #act(ask: MountAsk): Promise<number> {
    if (this.#ending) throw new Error('the supervisor is ending');
    switch (ask.type) {
      case 'mount': {
        const { image, directory, fileSystem } = ask;
        this.#mounts.set(directory, { image, directory, fileSystem });
        this.#onChange();
        await mount(ask);
        break;
      }
      case 'unmount':
        await this.#disarm(ask.directory);
        await unmount(ask.directory);
        this.#mounts.delete(ask.directory);
        this.#onChange();
        break;
      case 'arm':
        await this.#disarm(ask.directory);
        this.#armed.set(ask.directory, new ArmedShutDown(ask.directory));
        break;
      case 'shut-down': {
        const armed = this.#armed.get(ask.directory);
        this.#armed.delete(ask.directory);
        if (!(await armed?.fire())) await shutDown(ask.directory);
      }
    }
    return monotonicNanos();
  }

  async #disarm(directory: string): Promise<void> {
    const armed = this.#armed.get(directory);
    this.#armed.delete(directory);
    await armed?.disarm();
  }
}
