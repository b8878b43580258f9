import type { Scheduler } from './scheduler.ts';
import type { SimRandom } from './random.ts';

/** How long bytes or messages take from one host to another, and how often they go astray. */
export interface LinkQuality {
  /** One way; drawn uniformly for each message. */
  readonly delayMs: { readonly from: number; readonly to: number };
  /** Messages only; streams lose nothing but time. */
  readonly lossProbability: number;
  readonly duplicateProbability: number;
}

const perfect: LinkQuality = {
  delayMs: { from: 0.1, to: 0.5 },
  lossProbability: 0,
  duplicateProbability: 0,
};

/**
 * Who reaches whom. Directions are cut and healed one by one, so that any partition can be made:
 * symmetric, one-way, a bridge. What is under way when a direction is cut does not arrive.
 */
export class SimLinks {
  readonly scheduler: Scheduler;
  readonly random: SimRandom;
  quality: LinkQuality;
  readonly #cut = new Set<string>();
  readonly #extraDelayMs = new Map<string, number>();
  #onHeal: (() => void)[] = [];

  constructor(options: {
    readonly scheduler: Scheduler;
    readonly random: SimRandom;
    readonly quality?: LinkQuality;
  }) {
    this.scheduler = options.scheduler;
    this.random = options.random;
    this.quality = options.quality ?? perfect;
  }

  cut(from: string, to: string): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(from: string, to: string): void {
    this.#cut.delete(`${from}>${to}`);
    this.#healed();
  }

  healAll(): void {
    this.#cut.clear();
    this.#extraDelayMs.clear();
    this.#healed();
  }

  isCut(from: string, to: string): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  /** On top of the usual delay, for one direction. */
  slow(from: string, to: string, extraMs: number): void {
    this.#extraDelayMs.set(`${from}>${to}`, extraMs);
  }

  drawDelayMs(from: string, to: string): number {
    const { delayMs } = this.quality;
    const extraMs = this.#extraDelayMs.get(`${from}>${to}`) ?? 0;
    return this.random.between(delayMs.from, delayMs.to) + extraMs;
  }

  /** Called once at the next heal of any direction. */
  onceHealed(fire: () => void): void {
    this.#onHeal.push(fire);
  }

  #healed(): void {
    const waiting = this.#onHeal;
    this.#onHeal = [];
    for (const fire of waiting) fire();
  }
}

/**
 * Messages between hosts, each on its own: lost, doubled, delayed and therefore out of order, as
 * the links say. `deliver` is called in the receiver's process.
 */
export function sendMessage(
  links: SimLinks,
  route: { readonly from: string; readonly to: string },
  deliver: () => void,
): void {
  const { from, to } = route;
  const { lossProbability, duplicateProbability } = links.quality;
  const copies = links.random.chance(duplicateProbability) ? 2 : 1;
  for (let copy = 0; copy < copies; copy++) {
    if (links.isCut(from, to) || links.random.chance(lossProbability)) continue;
    links.scheduler.schedule(links.drawDelayMs(from, to), () => {
      if (!links.isCut(from, to)) deliver();
    });
  }
}
