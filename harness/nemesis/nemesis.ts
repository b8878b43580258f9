import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultSite, Proof } from '../fault/fault.ts';
import type { FaultEvent } from '../history/events.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';
import { mayWait, stakeMsMax } from './may-wait.ts';
import { Turns } from './turns.ts';

export interface NemesisOptions {
  readonly planned: readonly PlannedFault[];
  readonly faults: readonly Fault[];
  /** Load time 0, monotonic nanoseconds. */
  readonly originNanos: number;
  /** When the load that is planned is over, monotonic nanoseconds. */
  readonly endNanos: number;
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

const stakeLookMs = 20;

/**
 * Runs the planned faults at their times and always heals them: at the planned time, on abort at
 * once, and also when the injection failed half-way. A fault that could not act is `failed`, which
 * makes a run inconclusive; it never stops the other faults. Those that share a victim keep
 * their order, see `Turns`; one whose turn comes only when the load is over is `failed`, since nobody
 * would be hurt.
 */
export class Nemesis {
  readonly #options: NemesisOptions;
  readonly #abort = new AbortController();
  readonly #over = new Map<number, Promise<void>>();
  readonly #turns: Turns;

  constructor(options: NemesisOptions) {
    this.#options = options;
    this.#turns = new Turns(options.planned, options.faults);
    // Each fault waits for its time, however many there are.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Resolves when every fault is healed (or failed). */
  async run(): Promise<void> {
    for (const planned of this.#options.planned) {
      const over = this.#live(planned).finally(() => this.#turns.over(planned));
      this.#over.set(planned.id, over);
    }
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
        const names = site.victims.map(({ name }) => name);
        const turn = this.#turns.place(planned, names);
        if (turn === undefined) {
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
          await turn;
          if (monotonicNanos() > this.#options.endNanos)
            throw new Error('its turn came only when the load was over');
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
    const hit: Hit = { planned, fault, site, tell: told, requestedAt };
    const injected = await this.#hurt(hit);
    this.#turns.healing(planned);
    await this.#heal(hit, injected);
  }

  /** Resolves, once it is to be healed, with whether it took effect. */
  async #hurt({ planned, fault, site, tell, requestedAt }: Hit): Promise<boolean> {
    // Before the deed: what follows it must find it in the history.
    tell({ step: 'requested', time: requestedAt });
    let injected = false;
    try {
      const begunAt = monotonicNanos();
      const effectiveAt = await fault.inject(site);
      injected = true;
      tell({ step: 'effective', time: effectiveAt, begunAt });
      tell({ step: 'probed', ...(await prove(fault, site, 'injected')) });
      if (planned.healAtMs !== null) {
        await this.#waitUntil(effectiveAt + (planned.healAtMs - planned.atMs) * 1e6);
      }
    } catch (error) {
      tell({ step: 'failed', proof: reasonOf(error), result: 'inconclusive' });
    }
    return injected;
  }

  async #heal({ fault, site, tell }: Hit, injected: boolean): Promise<void> {
    try {
      tell({ step: 'heal-requested' });
      tell({ step: 'healed', time: await fault.heal(site) });
      tell({ step: 'heal-probed', ...(await prove(fault, site, 'healed')) });
    } catch (error) {
      if (injected)
        tell({ step: 'failed', proof: `not healed: ${reasonOf(error)}`, result: 'inconclusive' });
    }
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
