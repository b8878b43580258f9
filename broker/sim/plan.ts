import type { LinkQuality } from '../env/sim/links.ts';
import { SimRandom } from '../env/sim/random.ts';
import type { FlushMode, ReplicationMode } from '../protocol/api.ts';

export const electionTimeoutMs = 120;
export const heartbeatMs = 30;

export type FaultKind =
  | 'kill'
  | 'power-cut'
  | 'pause'
  | 'isolate'
  | 'one-way'
  | 'split'
  | 'slow-disk'
  | 'full-disk'
  /** Killed, and the end of its log is gone from the disk though it had been synced. */
  | 'torn-tail'
  /** A sync fails, and the process starts again: what it covered is in the page cache alone. */
  | 'failed-sync'
  /** The same, but for a reboot, which takes the page cache with it. */
  | 'failed-sync-reboot';

export interface PlannedFault {
  readonly atMs: number;
  readonly durationMs: number;
  readonly kind: FaultKind;
  /** A node, or a role, which is resolved when the fault strikes. */
  readonly target: 'leader' | 'follower' | 'any' | 'all' | number;
}

/** Everything that a seed decides before the world begins. */
export interface SimPlan {
  readonly seed: number;
  readonly voters: readonly number[];
  readonly flush: FlushMode;
  readonly flushIntervalMs: number;
  readonly replication: ReplicationMode;
  readonly segmentBytes: number;
  readonly retentionBytes: number;
  readonly cacheBytes: number;
  readonly producers: number;
  readonly batchesPerProducer: number;
  /** Virtual time until everything heals. */
  readonly troubleMs: number;
  readonly quality: LinkQuality;
  readonly faults: readonly PlannedFault[];
}

const modes: readonly { readonly flush: FlushMode; readonly replication: ReplicationMode }[] = [
  // The strictest promise gets the most runs.
  { flush: 'sync', replication: 'quorum' },
  { flush: 'sync', replication: 'quorum' },
  { flush: 'sync', replication: 'quorum' },
  { flush: 'sync', replication: 'async' },
  { flush: 'sync', replication: 'none' },
  { flush: 'async', replication: 'quorum' },
  { flush: 'async', replication: 'quorum' },
  { flush: 'async', replication: 'async' },
  { flush: 'async', replication: 'none' },
  { flush: 'os', replication: 'quorum' },
  { flush: 'os', replication: 'async' },
  { flush: 'os', replication: 'none' },
];

export function drawPlan(seed: number, overrides: Partial<SimPlan> = {}): SimPlan {
  const random = new SimRandom(seed);
  const mode = random.pick(modes);
  const replication = overrides.replication ?? mode.replication;
  const count = replication === 'none' ? 1 : random.chance(0.7) ? 3 : 5;
  const troubleMs = random.between(800, 2_000);
  const plan: SimPlan = {
    seed,
    voters: Array.from({ length: count }, (_, index) => index + 1),
    flush: mode.flush,
    flushIntervalMs: random.pick([10, 50, 200]),
    replication,
    segmentBytes: random.pick([2_048, 8_192, 65_536]),
    retentionBytes: random.pick([0, 1, 8_192]),
    cacheBytes: random.pick([0, 4_096, 1_048_576]),
    producers: 1 + random.below(3),
    batchesPerProducer: 30 + random.below(80),
    troubleMs,
    quality: drawQuality(random),
    faults: drawFaults(random, { troubleMs, alone: count === 1 }),
  };
  const whole = { ...plan, ...overrides };
  return { ...whole, faults: overrides.faults ?? bearable(whole) };
}

/**
 * Without syncs a torn tail is one more thing that a mode may lose, beyond any window; and no
 * group bears two replicas that have lost what they vouched for.
 */
function bearable({ flush, faults }: SimPlan): PlannedFault[] {
  const first = faults.find(({ kind }) => kind === 'torn-tail');
  return faults.map((fault) => {
    if (fault.kind !== 'torn-tail') return fault;
    if (flush !== 'sync' || fault !== first) return { ...fault, kind: 'kill' };
    return fault.target === 'all' ? { ...fault, target: 'any' } : fault;
  });
}

function drawQuality(random: SimRandom): LinkQuality {
  if (random.chance(0.3)) {
    return { delayMs: { from: 0.1, to: 0.5 }, lossProbability: 0, duplicateProbability: 0 };
  }
  return {
    delayMs: { from: 0.1, to: random.pick([1, 5, 20]) },
    lossProbability: random.pick([0, 0.01, 0.1]),
    duplicateProbability: random.pick([0, 0.01, 0.1]),
  };
}

function drawFaults(
  random: SimRandom,
  options: { readonly troubleMs: number; readonly alone: boolean },
): PlannedFault[] {
  const { troubleMs, alone } = options;
  const kinds: readonly FaultKind[] = alone
    ? [
        'kill',
        'power-cut',
        'power-cut',
        'pause',
        'slow-disk',
        'full-disk',
        'failed-sync',
        'failed-sync-reboot',
      ]
    : [
        'kill',
        'kill',
        'power-cut',
        'power-cut',
        'pause',
        'isolate',
        'isolate',
        'one-way',
        'split',
        'slow-disk',
        'full-disk',
        'failed-sync',
        'failed-sync-reboot',
        'torn-tail',
      ];
  // The same promise is asked of a crash alone and of crashes among other trouble.
  const allowed = new Set(kinds.filter(() => random.chance(0.7)));
  const usable = kinds.filter((kind) => allowed.has(kind));
  if (usable.length === 0) return [];
  const faults = Array.from({ length: 1 + random.below(6) }, () => ({
    atMs: random.between(50, troubleMs),
    durationMs: random.between(20, 600),
    kind: random.pick(usable),
    target: random.pick(['leader', 'leader', 'follower', 'any', 'all'] as const),
  }));
  return faults.sort((a, b) => a.atMs - b.atMs);
}
