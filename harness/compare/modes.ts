import type { ClusterKind } from '../cluster/kinds.ts';
import type { SuiteMode } from '../record/suite.ts';
import type { Scenario } from '../scenario/schema.ts';

type Flush = SuiteMode['flush'];
type Replication = SuiteMode['replication'];

/** What is to be varied; an empty list leaves the scenario's own choice. */
export interface Axes {
  readonly targets: readonly string[];
  readonly clusters: readonly ClusterKind[];
  readonly flush: readonly Flush[];
  readonly replication: readonly Replication[];
  /** Bytes of a batch at most. */
  readonly batch: readonly number[];
  readonly inFlight: readonly number[];
  /** Messages per second. */
  readonly rates: readonly number[];
}

interface Durability {
  readonly flush: Flush;
  readonly replication: Replication;
  readonly nodes: number;
}

/**
 * The modes to compare. Without `--flush` and `--replication` they are those of the scenario's grid,
 * or its own one; with either they are every combination of what was given, where what was not
 * given is taken from the scenario. Each is then combined with targets, clusters, batches and
 * in-flights. Of two modes that differ in target or cluster alone, the first is what the other is
 * compared with, so they keep the order in which they were given.
 */
export function modesOf(scenario: Scenario, axes: Axes): SuiteMode[] {
  const targets = axes.targets.length === 0 ? ['reference'] : axes.targets;
  const clusters = axes.clusters.length === 0 ? ['process' as const] : axes.clusters;
  const batches = axes.batch.length === 0 ? [undefined] : axes.batch;
  const inFlights = axes.inFlight.length === 0 ? [undefined] : axes.inFlight;
  return targets.flatMap((target) =>
    clusters.flatMap((cluster) =>
      durabilities(scenario, axes).flatMap(({ flush, replication, nodes }) =>
        batches.flatMap((batch) =>
          inFlights.map((inFlight) => {
            const words = [
              ...(targets.length > 1 ? [target] : []),
              ...(clusters.length > 1 ? [cluster] : []),
              `${flush} x ${replication}`,
              ...(batches.length > 1 ? [`batch ${batch}`] : []),
              ...(inFlights.length > 1 ? [`in flight ${inFlight}`] : []),
            ];
            return {
              id: words.join(', '),
              target,
              cluster,
              flush,
              replication,
              nodes,
              flushIntervalMs: flush === 'async' ? scenario.topic.flushInterval : null,
              axes: {
                ...(batch === undefined ? {} : { batch }),
                ...(inFlight === undefined ? {} : { inFlight }),
              },
            };
          }),
        ),
      ),
    ),
  );
}

function durabilities(scenario: Scenario, axes: Axes): Durability[] {
  const { topic, nodes, grid } = scenario;
  const own = grid?.modes ?? [{ ...topic, nodes }];
  const known = own.map((mode) => ({
    flush: mode.flush,
    replication: mode.replication,
    nodes: mode.nodes ?? nodes,
  }));
  if (axes.flush.length + axes.replication.length === 0) return known;
  const flushes = axes.flush.length > 0 ? axes.flush : unique(known.map(({ flush }) => flush));
  const replications =
    axes.replication.length > 0
      ? axes.replication
      : unique(known.map(({ replication }) => replication));
  return flushes.flatMap((flush) =>
    replications.map((replication) => {
      const listed = known.find((m) => m.flush === flush && m.replication === replication);
      // In a grid, the others do without the nodes that hold no replica.
      const alone = grid !== undefined && replication === 'none';
      return listed ?? { flush, replication, nodes: alone ? 1 : nodes };
    }),
  );
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
