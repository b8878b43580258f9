import type { Fault } from '../fault/fault.ts';
import type { PlannedFault } from '../scenario/plan-types.ts';

interface Stage {
  /** Names of those that it strikes, as last resolved. */
  victims?: readonly string[];
  healing: boolean;
  over: boolean;
  /** Of its victims being known for the first time, or of its end. */
  readonly placed: Turn;
  readonly ended: Turn;
}

interface Turn {
  readonly come: Promise<void>;
  readonly call: () => void;
}

/**
 * Keeps faults that share a victim in the order of the plan, which takes longer than planned on a busy
 * machine: two faults would start and end one process. A fault waits for those that were to be over
 * before it begins, and for one of its own kind while that is being healed, until that is proven: its
 * deed would be taken for a failed healing, or be healed with the first. It does not wait for faults
 * that the plan has beside it, nor, of another kind, for faults of links, which let processes be and
 * whose ends wait until those answer, nor for faults that have no end of their own (a restart).
 */
export class Turns {
  readonly #planned: readonly PlannedFault[];
  readonly #ofLinks: (kind: string) => boolean;
  readonly #stages: ReadonlyMap<number, Stage>;

  constructor(planned: readonly PlannedFault[], faults: readonly Fault[]) {
    this.#planned = planned;
    this.#ofLinks = (of) => faults.find(({ kind }) => kind === of)?.needs?.links !== undefined;
    this.#stages = new Map(planned.map(({ id }) => [id, newStage()]));
  }

  /**
   * Takes down whom a fault is to strike. Undefined when it has its turn, which it has from then on;
   * otherwise resolves when it is to look again, since roles may have moved meanwhile.
   */
  place(fault: PlannedFault, victims: readonly string[]): Promise<void> | undefined {
    const mine = this.#stages.get(fault.id)!;
    mine.victims = victims;
    mine.placed.call();
    for (const other of this.#planned) {
      const stage = this.#stages.get(other.id)!;
      if (other.id === fault.id || stage.over) continue;
      const isBefore = this.#isBefore(other, fault);
      if (stage.victims === undefined) {
        if (isBefore) return stage.placed.come;
      } else if (isBefore || (other.kind === fault.kind && stage.healing)) {
        if (stage.victims.some((name) => victims.includes(name))) return stage.ended.come;
      }
    }
    return undefined;
  }

  healing({ id }: PlannedFault): void {
    this.#stages.get(id)!.healing = true;
  }

  over({ id }: PlannedFault): void {
    const stage = this.#stages.get(id)!;
    stage.over = true;
    stage.placed.call();
    stage.ended.call();
  }

  /** By the plan it is over before the other begins. */
  #isBefore({ kind, atMs, healAtMs, after }: PlannedFault, other: PlannedFault): boolean {
    if (healAtMs === null || after !== null || other.after !== null) return false;
    if (kind !== other.kind && this.#ofLinks(kind)) return false;
    return atMs < other.atMs && healAtMs <= other.atMs;
  }
}

function newStage(): Stage {
  return { healing: false, over: false, placed: newTurn(), ended: newTurn() };
}

function newTurn(): Turn {
  let call = (): void => undefined;
  const come = new Promise<void>((resolve) => (call = resolve));
  return { come, call };
}
