import { orderMs } from '../nemesis/may-wait.ts';
import type { Scenario } from '../scenario/schema.ts';
import type { gridFaults, SuiteCell, SuiteMode } from '../record/suite.ts';
import type { Plan } from '../scenario/plan-types.ts';

type GridFault = (typeof gridFaults)[number];
type Mode = Pick<SuiteMode, 'flush' | 'replication' | 'nodes'>;
type FaultStep = Scenario['phases'][number]['faults'][number];

/** How one fault of the promise table is brought about, and for how long it is watched. */
interface Schedule {
  readonly warmUp: number;
  readonly phase: Scenario['phases'][number];
}

/** Acks are under way before anything breaks. */
const warmUpMs = 1000;
const beforeMs = { quick: 500, whole: 2000 };
/** The others elect a leader in this time, while the old one stays away. */
const awayMs = { quick: 2000, whole: 3000 };
/** With nobody left to elect, there is nothing to wait for. */
const allDownMs = { quick: 500, whole: 1000 };
/** Service must have been back for five seconds before a recovery is believed. */
const afterMs = { quick: 1500, whole: 7000 };
/** Nodes that were all down begin to elect a leader only then. */
const electionMs = { quick: 1000, whole: 2000 };
/**
 * What followers lack when the leader goes: without it, there is nothing at stake. Well below the
 * second after which they would elect another, and above most of what a sync takes on a busy disk.
 */
const lagMs = 400;
/** The same of a follower that is needed for a majority while the leader is away: acks stay in time. */
const followerLagMs = 200;
/** So long a delay outlasts the fault that it prepares, which then may wait, see `mayWait`. */
const outlastMs = orderMs + 100;

const strikes: Readonly<Record<GridFault, Pick<FaultStep, 'fault' | 'target' | 'with'>>> = {
  'kill-leader': { fault: 'kill', target: 'leader', with: {} },
  'power-cut-leader': { fault: 'power-cut', target: 'leader', with: {} },
  'power-cut-all': { fault: 'power-cut', target: 'all-nodes', with: {} },
  'cut-off-leader': { fault: 'cut', target: 'leader', with: { from: 'nodes' } },
};

export function scheduleOf(
  fault: GridFault,
  options: {
    readonly mode: Mode;
    readonly quick: boolean;
    /** Faults that can be named. */
    readonly known: readonly string[];
  },
): Schedule {
  const { mode, quick, known } = options;
  const length = quick ? 'quick' : 'whole';
  const at = beforeMs[length];
  const allDown = fault === 'power-cut-all' || mode.nodes === 1;
  const brokenMs = (allDown ? allDownMs : awayMs)[length];
  const back = allDown && mode.nodes > 1 ? electionMs[length] : 0;
  const whom = known.includes('delay') ? heldBack(fault, mode) : undefined;
  const delay = whom && { fault: 'delay', ...whom, at: 0, for: at + brokenMs + outlastMs };
  return {
    warmUp: warmUpMs,
    phase: {
      name: fault,
      duration: at + brokenMs + back + afterMs[length],
      faults: [...(delay ? [delay] : []), { ...strikeOf(fault, mode), at, for: brokenMs }],
    },
  };
}

/** What the leader alone has is not there to be found when it is the last to come back. */
function strikeOf(fault: GridFault, { replication, nodes }: Mode): (typeof strikes)[GridFault] {
  const alone = fault === 'power-cut-all' && replication === 'async' && nodes > 1;
  return alone ? { ...strikes[fault], with: { back: 'leader-last' } } : strikes[fault];
}

/**
 * The links that are slow beforehand, so that others lack what was acked. With replication `async`
 * those to all followers: the leader waits for none. With `quorum` that to one of them, so that the
 * leader is needed for a majority, and what it has not synced is at stake when it loses its power.
 */
function heldBack(
  fault: GridFault,
  { flush, replication, nodes }: Mode,
): Pick<FaultStep, 'target' | 'with'> | undefined {
  if (nodes === 1) return undefined;
  if (replication === 'async')
    return { target: 'leader', with: { delayMs: lagMs, from: 'nodes', direction: 'out' } };
  return fault === 'power-cut-leader' && replication === 'quorum' && flush !== 'sync'
    ? { target: 'follower', with: { delayMs: followerLagMs, from: 'nodes', direction: 'in' } }
    : undefined;
}

/** The faults of a run that its worth is about; what else a schedule does only prepares them. */
export function faultKindsOf(
  fault: NonNullable<SuiteCell['worth']>['fault'],
  plan: Pick<Plan, 'faults'>,
): string[] {
  if (fault !== 'own-faults') return [strikes[fault].fault];
  return [...new Set(plan.faults.map(({ kind }) => kind))];
}

/** Whether every fault that is needed can be named here. */
export function canStrike(fault: GridFault, known: readonly string[]): boolean {
  return known.includes(strikes[fault].fault);
}
