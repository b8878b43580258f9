import {
  suiteSchemaId,
  type ModeDifference,
  type SuiteCell,
  type SuiteMode,
  type SuiteRecord,
} from '../../harness/record/suite.ts';
import { makeRecord } from './record-builder.ts';

/** One suite for each kind that a report must get right. Same call, same record. */

const { environment } = makeRecord({ phases: [{ name: 'price', lengthMs: 2000 }], rate: 100 });

type Worth = NonNullable<SuiteCell['worth']>;
type Fault = Worth['fault'];

const rates = [1000, 2000, 4000, 8000, 16_000];
const faults: readonly Fault[] = [
  'kill-leader',
  'power-cut-leader',
  'power-cut-all',
  'cut-off-leader',
];

/** Highest sustained rate, p99 when idle in microseconds, what each fault takes (−: no such cell). */
const grid = {
  'sync x none': { nodes: 1, limit: 8000, idle: 2100, lost: [0, 0, 0, null] },
  'async x none': { nodes: 1, limit: 16_000, idle: 900, lost: [0, 712, 655, null] },
  'os x none': { nodes: 1, limit: 16_000, idle: 870, lost: [0, 3911, 4120, null] },
  'sync x async': { nodes: 3, limit: 8000, idle: 2300, lost: [388, 402, 0, 2214] },
  'async x async': { nodes: 3, limit: 16_000, idle: 1010, lost: [401, 390, 431, 1987] },
  'sync x quorum': { nodes: 3, limit: 4000, idle: 4400, lost: [0, 0, 0, 0] },
  'async x quorum': { nodes: 3, limit: 8000, idle: 1900, lost: [0, 0, 431, 0] },
  'os x quorum': { nodes: 3, limit: 8000, idle: 1850, lost: [0, 0, 5120, 0] },
} as const;

export function suiteDone(): SuiteRecord {
  const modes = Object.entries(grid).map(([id, { nodes }]): SuiteMode => {
    const [flush, , replication] = id.split(' ') as [
      SuiteMode['flush'],
      string,
      SuiteMode['replication'],
    ];
    const where = { target: 'reference', cluster: 'process' as const };
    return {
      id,
      ...where,
      flush,
      replication,
      nodes,
      flushIntervalMs: flush === 'async' ? 500 : null,
      axes: {},
    };
  });
  const cells = modes.flatMap((mode) => {
    const { limit, idle, lost } = grid[mode.id as keyof typeof grid];
    return [
      ...rates.map((rate) => priced(mode, rate, { limit, idle })),
      ...faults.flatMap((fault, index) => {
        const taken = lost[index];
        return taken === null || taken === undefined ? [] : [proven(mode, fault, taken)];
      }),
    ];
  });
  return concluded(modes, cells);
}

/** Stopped half way: some cells failed, some have no answer, the rest was not run. */
export function suiteHalf(): SuiteRecord {
  const suite = suiteDone();
  const cells = suite.cells.map((cell, index): SuiteCell => {
    if (index % 2 === 1) return without(cell, 'missing', 'interrupted');
    if (index % 10 === 4) return without(cell, 'failed', 'node 2 did not start within 10 s');
    if (cell.worth === null || index % 3 !== 0) return cell;
    const reasons = ['no exposure: nothing was unsafe when the power was cut'];
    const worth = {
      ...cell.worth,
      observed: 'inconclusive' as const,
      exposure: 0,
      lossBound: null,
      lost: 0,
    };
    return { ...cell, verdict: 'inconclusive', reasons, worth };
  });
  return {
    ...concluded(suite.modes, cells),
    verdict: 'inconclusive',
    reasons: [
      '34 of 68 cells have not been run',
      'sync-none-kill-leader is inconclusive: no exposure',
    ],
  };
}

/** A broker that keeps nothing: every fault takes everything, and no rate is sustained. */
export function suiteEverythingLost(): SuiteRecord {
  const suite = suiteDone();
  const cells = suite.cells.map((cell): SuiteCell => {
    const { price, worth } = cell;
    if (price !== null)
      return { ...cell, price: { ...price, sustained: false, acked: price.acked / 3 } };
    if (worth === null) return cell;
    const harm = {
      lost: worth.acked,
      vanished: worth.acked,
      exposure: worth.acked,
      recoveryMs: null,
    };
    return {
      ...cell,
      verdict: 'fail',
      reasons: [`lost: ${worth.acked} acked messages are gone`],
      worth: { ...worth, ...harm, observed: 'violated', lossBound: null },
    };
  });
  return {
    ...concluded(suite.modes, cells),
    verdict: 'fail',
    reasons: ['every promise is broken'],
  };
}

/** The least there can be: one mode, one rate, no fault. */
export function suiteOneMode(): SuiteRecord {
  const [mode] = suiteDone().modes;
  const price = priced(mode!, 2000, { limit: 8000, idle: 2100 });
  return { ...concluded([mode!], [price]), quick: true };
}

/** Sync flush that loses; names that try to break out. */
export function suiteViolation(): SuiteRecord {
  const suite = suiteDone();
  const cells = suite.cells.map((cell): SuiteCell => {
    if (cell.mode !== 'sync x quorum' || cell.worth?.fault !== 'power-cut-all') return cell;
    const worth = {
      ...cell.worth,
      lost: 12,
      vanished: 3,
      observed: 'violated' as const,
      lossBound: null,
    };
    const reasons = ['lost: 12 acked messages are absent <script>alert("x")</script>'];
    return { ...cell, verdict: 'fail', reasons, worth, record: 'javascript:alert(1)' };
  });
  const reasons = ['sync-quorum-power-cut-all is violated: lost: 12 acked messages are absent'];
  const scenario = { name: '<img src=x>', question: 'What | is *this*?\u0007' };
  return { ...concluded(suite.modes, cells), scenario, verdict: 'fail', reasons };
}

/** Several batch sizes and two runs of each cell. */
export function suiteAxes(): SuiteRecord {
  const base = suiteDone().modes.filter(
    ({ id }) => id === 'sync x quorum' || id === 'async x quorum',
  );
  const modes = base.flatMap((mode) =>
    [4096, 65_536, 1_048_576].map((batch): SuiteMode => ({
      ...mode,
      id: `${mode.id} x batch ${batch}`,
      axes: { batch },
    })),
  );
  const cells = modes.flatMap((mode, index) =>
    [1, 2].flatMap((repeat) => [
      ...rates.map((rate) =>
        priced(mode, rate, { limit: 4000 + 4000 * (index % 3), idle: 1500 + 700 * index, repeat }),
      ),
      proven(mode, 'kill-leader', 0, repeat),
    ]),
  );
  return { ...concluded(modes, cells), repeats: 2 };
}

/** The same mode on two clusters, three runs of each rate; the highest rate is too much for one. */
export function suiteTwoClusters(): SuiteRecord {
  const [base] = suiteDone().modes.filter(({ id }) => id === 'sync x quorum');
  const modes = (['process', 'docker'] as const).map((cluster): SuiteMode => ({
    ...base!,
    id: `${cluster}, ${base!.id}`,
    cluster,
  }));
  const cells = modes.flatMap((mode) =>
    [1, 2, 3].flatMap((repeat) =>
      [1000, 2000, 4000].map((rate) =>
        priced(mode, rate, {
          limit: mode.cluster === 'process' ? 4000 : 2000,
          idle: mode.cluster === 'process' ? 4400 : 5000,
          repeat,
        }),
      ),
    ),
  );
  const more = { pairs: 3, from: 1760, to: 2000, delta: 240, low: 180, high: 300 };
  const noise = { pairs: 3, from: 9000, to: 9100, delta: 100, low: -900, high: 1100 };
  const latencies = {
    service: { p50: more, p99: noise },
    response: { p50: more, p99: noise },
    endToEnd: { p50: null, p99: null },
  };
  const rates: ModeDifference['rates'] = [
    { rate: 1000, pairs: 3, sustained: { from: 3, to: 3 }, doubtful: 1, ...latencies },
    { rate: 2000, pairs: 3, sustained: { from: 3, to: 3 }, doubtful: 0, ...latencies },
    { rate: 4000, pairs: 3, sustained: { from: 3, to: 0 }, doubtful: 0, ...nothingPaired },
  ];
  const engines = [
    { cluster: 'docker', note: 'Docker Engine 20.10.24, image ackworth:1 from node:20' },
  ];
  const [from, to] = modes.map(({ id }) => id);
  const differences = [{ word: 'cluster' as const, from: from!, to: to!, rates }];
  return { ...concluded(modes, cells), repeats: 3, differences, engines };
}

const none = { p50: null, p99: null };
const nothingPaired = { service: none, response: none, endToEnd: none };

function without(cell: SuiteCell, state: 'failed' | 'missing', note: string): SuiteCell {
  return {
    ...cell,
    state,
    note,
    record: null,
    verdict: null,
    reasons: [],
    price: null,
    worth: null,
  };
}

function priced(
  mode: SuiteMode,
  targetRate: number,
  options: { readonly limit: number; readonly idle: number; readonly repeat?: number },
): SuiteCell {
  const { limit, idle, repeat = 1 } = options;
  const sustained = targetRate <= limit;
  const load = targetRate / (limit * 1.25);
  const p99 = sustained ? (idle * (1 + repeat / 50)) / (1 - load * 0.9) : 1_900_000 * load;
  const acked = sustained ? targetRate * 0.9991 : limit * 1.18;
  return {
    ...cellOf(mode, `price-${targetRate}`, repeat),
    kind: 'price',
    price: {
      targetRate,
      offered: targetRate,
      acked,
      sustained,
      service: { p50: idle * 0.4, p99: p99 * 0.7, p999: null },
      response: { p50: p99 * 0.45, p99, p999: targetRate < 2000 ? null : p99 * 1.8 },
      endToEnd: { p50: p99 * 0.6, p99: p99 * 1.2, p999: null },
      doubtful: targetRate === 16_000 && !sustained ? ['the generator was saturated'] : [],
    },
  };
}

function proven(mode: SuiteMode, fault: Fault, lost: number, repeat = 1): SuiteCell {
  const acked = 23_500 + 131 * faults.indexOf(fault) - Math.min(lost, 900);
  const may = lost > 0;
  const held = fault === 'cut-off-leader' ? 5000 : fault === 'kill-leader' ? 3200 : 4100;
  return {
    ...cellOf(mode, fault, repeat),
    kind: 'worth',
    worth: {
      fault,
      promise: may
        ? {
            loss: fault === 'power-cut-all' && mode.flush === 'os' ? 'may' : 'window',
            bound: 'at most 500 ms plus one sync',
          }
        : { loss: 'none', bound: '' },
      observed: may ? 'allowed' : 'none',
      acked,
      lost,
      vanished: Math.floor(lost / 8),
      passedOver: 0,
      exposure: may ? Math.round(lost * 1.4) : null,
      lossWindowMessages: lost,
      lossWindowMs: may ? lost / 2 : null,
      duplicates: 0,
      reordered: 0,
      unknown: lost % 17,
      recoveryMs: mode.nodes === 1 ? held + 900 : 1300 + (held % 700),
      faultsConfirmed: 1,
      lossBound: may ? null : 0.95,
    },
  };
}

function cellOf(mode: SuiteMode, name: string, repeat: number): SuiteCell {
  const id = `${mode.id.replaceAll(' x ', '-').replaceAll(' ', '-')}-${name}${repeat === 1 ? '' : `-${repeat}`}`;
  return {
    id,
    mode: mode.id,
    kind: 'price',
    repeat,
    order: 1,
    state: 'done',
    note: '',
    record: `cells/${id}/record.json`,
    verdict: 'pass',
    reasons: [],
    price: null,
    worth: null,
  };
}

function concluded(modes: readonly SuiteMode[], cells: readonly SuiteCell[]): SuiteRecord {
  const kept = (mode: SuiteMode): number[] =>
    cells.flatMap(({ mode: of, price }) =>
      of === mode.id && price?.sustained === true ? price.targetRate : [],
    );
  return {
    schema: suiteSchemaId,
    id: '20261124-080000-compare-durability-4c1d',
    startedAt: '2026-11-24T08:00:00.000Z',
    endedAt: '2026-11-24T08:18:41.000Z',
    version: '0.1.0',
    command: 'npx ackworth compare durability --seed 7',
    seed: 7,
    scenario: {
      name: 'durability',
      question: 'What does each step of safety cost, and what is an ack worth when things break?',
    },
    quick: false,
    repeats: 1,
    environment,
    storage: { form: 'emulated', why: 'not root, so no file systems of their own can be mounted' },
    modes: [...modes],
    cells: cells.map((cell, index) => ({ ...cell, order: ((index * 29) % cells.length) + 1 })),
    sustainedRates: modes.map((mode) => ({
      mode: mode.id,
      rate: Math.max(0, ...kept(mode)) || null,
    })),
    differences: [],
    engines: [],
    verdict: 'pass',
    reasons: [],
  };
}
