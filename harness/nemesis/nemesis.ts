import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultSite, Proof } from '../fault/fault.ts';
import type { FaultEvent } from '../history/events.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { mayWait } from './may-wait.ts';

export interface NemesisOptions {
  readonly planned: readonly PlannedFault[];
  readonly faults: readonly Fault[];
  /** Load time 0, monotonic nanoseconds. */
  readonly originNanos: number;
  /** Who holds the role now; rejects with the reason when nobody does. */
  readonly resolve: (fault: PlannedFault) => Promise<FaultSite>;
  /** Asked right before the deed, of the site that it is done to. */
  readonly measure: (fault: PlannedFault, site: FaultSite) => Promise<Stake>;
  /** Resolves once the cluster has settled after a fault, has had its time to, or on abort. */
  readonly settle: (signal: AbortSignal) => Promise<void>;
  /** Into the history, before anything else happens. */
  readonly record: (event: FaultEvent) => void;
}

/** What a fault puts at risk at this instant. */
export interface Stake {
  /** Something could be, and is known not to. */
  readonly nothing: boolean;
  /** Called once, of the look that the deed follows. */
  keep(): void;
}

/**
 * A fault at an instant at which nothing is at stake, such as right after a flush, tries nothing. It
 * waits for a better one, at most so long from the first look on, where it may.
 */
const stakeMsMax = 500;
const stakeLookMs = 20;

/**
 * Runs the planned faults at their times and always heals them: at the planned time, on abort at
 * once, and also when the injection failed half-way. A fault that could not act is `failed`, which
 * makes a run inconclusive; it never stops the other faults. While a victim is being healed, until
 * that is proven, another fault of the same kind waits: its deed would be taken for a failed healing,
 * or be healed with the first.
 */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #abort = new AbortController();
  readonly #over = new Map<number, Promise<void>>();
  /** Not over yet, their proofs included. */
  readonly #hits = new Set<Hit>();

  constructor(options: NemesisOptions) {
    this.#options = options;
    // Each fault waits for its time, however many there are.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Resolves when every fault is healed (or failed). */
  async run(): Promise<void> {
    for (const planned of this.#options.planned) this.#over.set(planned.id, this.#live(planned));
    await Promise.all(this.#over.values());
  }

  /** Starts no more faults and heals the present ones now; `run` resolves when that is done. */
  abort(): void {
    this.#abort.abort();
  }

  async #live(planned: PlannedFault): Promise<void> {
    if (planned.after !== null) {
      await this.#over.get(planned.after);
      await this.#options.settle(this.#abort.signal);
    }
    await this.#waitUntil(this.#options.originNanos + planned.atMs * 1e6);
    if (this.#abort.signal.aborted) return;
    const { record } = this.#options;
    const tell = (event: Pick<FaultEvent, 'step'> & Partial<FaultEvent>): void =>
      record({
        type: 'fault',
        fault: planned.id,
        kind: planned.kind,
        target: planned.target,
        victims: [],
        proof: '',
        result: '',
        time: monotonicNanos(),
        ...event,
      });
    let requestedAt = monotonicNanos();
    const fault = this.#options.faults.find(({ kind }) => kind === planned.kind);
    let site: FaultSite;
    try {
      if (!fault) throw new Error(`"${planned.kind}" is not a known fault`);
      let stakeBy = mayWait(planned, this.#options.planned) ? Infinity : -Infinity;
      for (;;) {
        requestedAt = monotonicNanos();
        site = await this.#options.resolve(planned);
        const before = this.#inTheWayOf(planned, site);
        if (before === undefined) {
          const stake = await this.#options.measure(planned, site);
          const now = monotonicNanos();
          stakeBy = Math.min(stakeBy, now + stakeMsMax * 1e6);
          const nextBy = now + (now - requestedAt) + stakeLookMs * 1e6;
          if (!stake.nothing || nextBy > stakeBy) {
            stake.keep();
            break;
          }
          await this.#waitUntil(now + stakeLookMs * 1e6);
        } else {
          await this.#over.get(before.planned.id);
        }
        if (this.#abort.signal.aborted) return;
      }
    } catch (error) {
      tell({ step: 'requested', time: requestedAt });
      tell({ step: 'failed', proof: reasonOf(error), result: 'inconclusive' });
      return;
    }
    const victims = site.victims.map(({ name }) => name);
    const told: Hit['tell'] = (event) => tell({ victims, ...event });
    const hit: Hit = {
      planned,
      fault,
      site,
      tell: told,
      requestedAt,
      injected: false,
      healing: false,
    };
    this.#hits.add(hit);
    try {
      await this.#hurt(hit);
      await this.#heal(hit);
    } finally {
      this.#hits.delete(hit);
    }
  }

  async #hurt(hit: Hit): Promise<void> {
    const { planned, fault, site, tell, requestedAt } = hit;
    // Before the deed: what follows it must find it in the history.
    tell({ step: 'requested', time: requestedAt });
    try {
      const begunAt = monotonicNanos();
      const effectiveAt = await fault.inject(site);
      hit.injected = true;
      tell({ step: 'effective', time: effectiveAt, begunAt });
      tell({ step: 'probed', ...(await prove(fault, site, 'injected')) });
      if (planned.healAtMs !== null) {
        await this.#waitUntil(effectiveAt + (planned.healAtMs - planned.atMs) * 1e6);
      }
    } catch (error) {
      tell({ step: 'failed', proof: reasonOf(error), result: 'inconclusive' });
    }
  }

  async #heal(hit: Hit): Promise<void> {
    const { fault, site, tell } = hit;
    hit.healing = true;
    try {
      tell({ step: 'heal-requested' });
      tell({ step: 'healed', time: await fault.heal(site) });
      tell({ step: 'heal-probed', ...(await prove(fault, site, 'healed')) });
    } catch (error) {
      if (hit.injected)
        tell({ step: 'failed', proof: `not healed: ${reasonOf(error)}`, result: 'inconclusive' });
    }
  }

  #inTheWayOf({ kind, atMs }: PlannedFault, { victims }: FaultSite): Hit | undefined {
    return [...this.#hits].find(({ planned, fault, site, healing }) => {
      if (!site.victims.some(({ name }) => victims.some((victim) => victim.name === name)))
        return false;
      const isSame = planned.kind === kind;
      if (isSame && healing) return true;
      // What is done to links lets processes be, and its end waits until they answer.
      if (!isSame && fault.needs?.links !== undefined) return false;
      return planned.atMs < atMs && (planned.healAtMs ?? planned.atMs) <= atMs;
    });
  }

  async #waitUntil(nanos: number): Promise<void> {
    const { signal } = this.#abort;
    for (;;) {
      const leftMs = (nanos - monotonicNanos()) / 1e6;
      if (leftMs <= 0 || signal.aborted) return;
      await sleep(leftMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

interface Hit {
  readonly planned: PlannedFault;
  readonly fault: Fault;
  readonly site: FaultSite;
  readonly tell: (event: Pick<FaultEvent, 'step'> & Partial<FaultEvent>) => void;
  readonly requestedAt: number;
  injected: boolean;
  healing: boolean;
}

async function prove(
  fault: Fault,
  site: FaultSite,
  expected: 'injected' | 'healed',
): Promise<{ proof: string; result: Proof['result'] }> {
  try {
    const { evidence, result } = await fault.probe(site, expected);
    return { proof: evidence, result };
  } catch (error) {
    return { proof: `the probe failed: ${reasonOf(error)}`, result: 'inconclusive' };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
