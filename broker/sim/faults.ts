import type { SimLinks } from '../env/sim/links.ts';
import type { SimRandom } from '../env/sim/random.ts';
import type { SimScheduler } from '../env/sim/scheduler.ts';
import type { SimNode } from './node.ts';
import type { PlannedFault } from './plan.ts';

export interface FaultsOptions {
  readonly scheduler: SimScheduler;
  readonly links: SimLinks;
  readonly nodes: readonly SimNode[];
  readonly random: SimRandom;
  readonly note: (line: string) => void;
  readonly onPowerCut: (nodes: readonly SimNode[]) => void;
}

/** Makes the planned faults happen, each on whoever has the role then, and heals them. */
export class Faults {
  readonly #options: FaultsOptions;
  /** Nobody may hurt the world any more. */
  #over = false;

  constructor(options: FaultsOptions) {
    this.#options = options;
  }

  schedule(faults: readonly PlannedFault[]): void {
    for (const fault of faults) {
      this.#options.scheduler.schedule(fault.atMs, () => {
        if (!this.#over) this.#strike(fault);
      });
    }
  }

  /** Everything is whole again: nodes run, links and disks are good. */
  healAll(): void {
    this.#over = true;
    const { links, nodes } = this.#options;
    links.quality = { ...links.quality, lossProbability: 0, duplicateProbability: 0 };
    links.healAll();
    for (const node of nodes) {
      node.disk.slowness = 1;
      node.disk.setFull(false);
      node.resume();
      if (node.diskIsBad) this.#restart([node]);
      if (!node.up) node.start();
    }
  }

  #strike(fault: PlannedFault): void {
    const victims = this.#victims(fault.target);
    const undo = this.#inflict(fault, victims);
    this.#options.scheduler.schedule(fault.durationMs, () => {
      if (this.#over) return;
      this.#options.note(`the ${fault.kind} of ${nodeNames(victims)} ends`);
      undo();
    });
  }

  #inflict(fault: PlannedFault, victims: readonly SimNode[]): () => void {
    const { random, note } = this.#options;
    const names = nodeNames(victims);
    switch (fault.kind) {
      case 'kill':
        for (const node of victims) node.kill();
        return () => this.#startAll(victims);
      case 'torn-tail':
        for (const node of victims) node.tearTail();
        return () => this.#startAll(victims);
      case 'power-cut':
        this.#cutPower(victims);
        return () => this.#startAll(victims);
      case 'pause':
        for (const node of victims) node.pause();
        return () => {
          for (const node of victims) node.resume();
        };
      case 'isolate':
        note(`network: ${names} cut off`);
        return this.#cutAround(victims);
      case 'one-way': {
        const deaf = random.chance(0.5);
        note(`network: ${names} ${deaf ? 'hear' : 'reach'} nobody`);
        return this.#cutOneWay(victims, deaf);
      }
      case 'split': {
        const side = this.#options.nodes.filter(() => random.chance(0.5));
        note(`network: ${nodeNames(side)} split from the rest`);
        return this.#cutAround(side);
      }
      case 'slow-disk':
        note(`disk of ${names} is slow`);
        for (const node of victims) node.disk.slowness = 20;
        return () => {
          for (const node of victims) node.disk.slowness = 1;
        };
      case 'full-disk':
        note(`disk of ${names} is full`);
        for (const node of victims) node.disk.setFull(true);
        return () => {
          for (const node of victims) node.disk.setFull(false);
        };
      case 'failed-sync':
        this.#failNextSync(victims);
        return () => this.#restart(victims);
      case 'failed-sync-reboot':
        this.#failNextSync(victims);
        return () => {
          this.#cutPower(victims);
          this.#startAll(victims);
        };
    }
  }

  #failNextSync(victims: readonly SimNode[]): void {
    this.#options.note(`disk of ${nodeNames(victims)} fails its next sync`);
    for (const node of victims) {
      node.diskIsBad = true;
      node.disk.failSyncs(1);
    }
  }

  /** On a disk that is good again, but with the page cache as it was. */
  #restart(victims: readonly SimNode[]): void {
    for (const node of victims) {
      node.disk.failSyncs(0);
      node.diskIsBad = false;
      if (node.up) node.kill();
    }
    this.#startAll(victims);
  }

  #victims(target: PlannedFault['target']): readonly SimNode[] {
    const { nodes, random } = this.#options;
    if (target === 'all') return nodes;
    if (typeof target === 'number') return nodes.filter(({ id }) => id === target);
    const leaders = nodes.filter((node) => node.leads);
    const others = nodes.filter((node) => !node.leads);
    const pool = target === 'leader' ? leaders : target === 'follower' ? others : nodes;
    return [random.pick(pool.length === 0 ? nodes : pool)];
  }

  #cutPower(nodes: readonly SimNode[]): void {
    for (const node of nodes) node.cutPower();
    this.#options.onPowerCut(nodes);
  }

  #startAll(nodes: readonly SimNode[]): void {
    for (const node of nodes) if (!node.up) node.start();
  }

  #cutAround(side: readonly SimNode[]): () => void {
    const pairs: [string, string][] = [];
    for (const from of this.#options.nodes) {
      for (const to of this.#options.nodes) {
        if (side.includes(from) !== side.includes(to)) pairs.push([`${from.id}`, `${to.id}`]);
      }
    }
    return this.#cutPairs(pairs);
  }

  #cutOneWay(victims: readonly SimNode[], deaf: boolean): () => void {
    const pairs: [string, string][] = [];
    for (const node of victims) {
      for (const other of this.#options.nodes) {
        if (other === node) continue;
        pairs.push(deaf ? [`${other.id}`, `${node.id}`] : [`${node.id}`, `${other.id}`]);
      }
    }
    return this.#cutPairs(pairs);
  }

  #cutPairs(pairs: readonly (readonly [string, string])[]): () => void {
    const { links } = this.#options;
    for (const [from, to] of pairs) links.cut(from, to);
    return () => {
      for (const [from, to] of pairs) links.heal(from, to);
    };
  }
}

function nodeNames(nodes: readonly SimNode[]): string {
  return nodes.map(({ id }) => id).join(', ');
}
