import type { NodeState } from '../../cluster/cluster.ts';
import type { NodeContainer } from '../../cluster/node-container.ts';
import type { NodeDisk } from '../../cluster/node-storage.ts';
import type { Inspection, NodeTrial, Victim } from '../fault.ts';

/** A node that does what it is told at once, and writes it down. Its clock counts milliseconds. */
export class FakeNode implements Victim, NodeTrial {
  readonly target = 'node';
  readonly housing = 'process';
  readonly number: number;
  readonly deeds: string[];
  now: NodeState = 'running';
  said: string[] = [];
  answering = true;
  /** What it hands out, time after time; the last for good. */
  handsOut: Inspection[] = [{ records: 100, damaged: 0, complete: true, reason: '' }];
  onLaunch = (): void => undefined;
  #time = 0;
  readonly #disk: NodeDisk | undefined;
  readonly container?: NodeContainer;

  constructor(
    options: { number?: number; deeds?: string[]; disk?: NodeDisk; container?: NodeContainer } = {},
  ) {
    if (options.container) this.container = options.container;
    this.number = options.number ?? 1;
    this.deeds = options.deeds ?? [];
    this.#disk = options.disk;
  }

  get disk(): NodeDisk {
    return this.#disk ?? { form: 'plain', directory: '/nowhere' };
  }

  get trial(): NodeTrial {
    return this;
  }

  get name(): string {
    return `node ${this.number}`;
  }

  pid(): number {
    return 100 + this.number;
  }

  start(): Promise<number> {
    return this.#act('start', 'running');
  }

  stop(): never {
    throw new Error('is not asked to stop');
  }

  kill(): Promise<number> {
    return this.#act('kill', 'stopped');
  }

  pause(): Promise<number> {
    return this.#act('pause', 'paused');
  }

  resume(): Promise<number> {
    return this.#act('resume', 'running');
  }

  async launch(): Promise<number> {
    const at = await this.#act('launch', 'running');
    this.onLaunch();
    return at;
  }

  state(): Promise<NodeState> {
    return Promise.resolve(this.now);
  }

  answers(): Promise<boolean> {
    return Promise.resolve(this.now === 'running' && this.answering);
  }

  excuse(): void {
    this.deeds.push(`excuse ${this.number}`);
  }

  complaints(): readonly string[] {
    return this.said;
  }

  inspect(): Promise<Inspection> {
    const [next] = this.handsOut.length > 1 ? this.handsOut.splice(0, 1) : this.handsOut;
    return Promise.resolve(next!);
  }

  #act(deed: string, next: NodeState): Promise<number> {
    this.deeds.push(`${deed} ${this.number}`);
    this.now = next;
    return Promise.resolve(++this.#time * 1e6);
  }
}
