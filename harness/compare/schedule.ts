import type { Scenario } from '../scenario/schema.ts';
import type { gridFaults, SuiteCell } from '../record/suite.ts';
import type { Plan } from '../scenario/plan-types.ts';

type GridFault = (typeof gridFaults)[number];
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
const brokenMs = { quick: 2000, whole: 3000 };
/** Service must have been back for five seconds before a recovery is believed. */
const afterMs = { quick: 1500, whole: 7000 };
/** What followers lack when the leader goes: without it, there is nothing at stake. */
const delayMs = 200;

const strikes: Readonly<Record<GridFault, Pick<FaultStep, 'fault' | 'target' | 'with'>>> = {
  'kill-leader': { fault: 'kill', target: 'leader', with: {} },
  'power-cut-leader': { fault: 'power-cut', target: 'leader', with: {} },
  'power-cut-all': { fault: 'power-cut', target: 'all-nodes', with: {} },
  'cut-off-leader': { fault: 'cut', target: 'leader', with: { from: 'nodes' } },
};

export function scheduleOf(
  fault: GridFault,
  options: {
    readonly replication: Scenario['topic']['replication'];
    readonly quick: boolean;
    /** Faults that can be named. */
    readonly known: readonly string[];
  },
): Schedule {
  const { replication, quick, known } = options;
  const length = quick ? 'quick' : 'whole';
  const strike = strikes[fault];
  const at = beforeMs[length];
  const away = { delayMs, from: 'nodes' };
  const until = at + brokenMs[length];
  const delay: FaultStep = { fault: 'delay', target: 'leader', at: 0, for: until, with: away };
  const exposes = replication === 'async' && known.includes('delay');
  return {
    warmUp: warmUpMs,
    phase: {
      name: fault,
      duration: at + brokenMs[length] + afterMs[length],
      faults: [...(exposes ? [delay] : []), { ...strike, at, for: brokenMs[length] }],
    },
  };
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
