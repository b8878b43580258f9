import type { Scope } from '../../checker/promise/harm.ts';
import type { Row, SomeLoss } from '../../checker/promise/row.ts';

const anyScope: readonly Scope[] = ['minority', 'majority', 'all'];

const unsynced = {
  loss: 'may',
  exposes: 'unsynced',
  withinFlushInterval: false,
  mayTakeAll: true,
  lasts: false,
  deliveredIsSafe: false,
} satisfies Partial<SomeLoss>;

/**
 * What NATS promises, by its own words:
 *
 * - https://docs.nats.io/nats-concepts/jetstream, "Syncing data to disk": an ack does not wait for
 *   a sync unless `sync_interval` is `always`. Without replicas the failure of one operating system
 *   may take what was acked. With replicas several that fail at about the same time may; and so may,
 *   as "extremely rare", a single one: the replica that lost what it had not synced comes back, and
 *   forms a new majority with others that never had it.
 * - https://docs.nats.io/reference/config/jetstream/sync_interval: a timer syncs, every two minutes
 *   by default.
 *
 * The only replica has its data synced "no later than this interval". With replicas no bound is
 * promised: what a crash takes is what the timer and the kernel left un-synced on those that form the
 * next quorum. A kill, a pause and a cut leave the page cache alone and are held to lose nothing, as is
 * every fault where each write is synced.
 *
 * The cursor of a durable consumer is a file of its own. That it may come back ahead of a stream
 * that lost its end, and skip new messages, its makers know: from 2.14 on a server takes it back
 * with the stream, but not yet where the consumer has replicas
 * (https://github.com/nats-io/nats-server/pull/7692). So it is allowed with replicas, and held
 * against a stream without: there it has been mended.
 *
 * That replicas which had not synced may be apart after a power failure, so that consumers are
 * given what others are not, is an open defect since 2.12.1, and follows from the timer
 * (https://github.com/nats-io/nats-server/issues/7567,
 * https://jepsen.io/analyses/nats-2.12.1).
 */
export const natsPromises: readonly Row[] = [
  {
    harm: ['power', 'failed-sync'],
    scope: anyScope,
    flush: ['async'],
    replication: 'none',
    promise: {
      ...unsynced,
      withinFlushInterval: true,
      syncMsMax: 10_000,
      bound: 'acked within the sync interval plus a sync, of 10 s at most, before the fault',
    },
  },
  {
    harm: ['power', 'failed-sync'],
    scope: anyScope,
    flush: ['os'],
    replication: 'none',
    promise: { ...unsynced, bound: 'what the only replica had not synced' },
  },
  // Of three replicas at least: `refuses` in `broker.ts` takes no quorum of fewer, so that a stream
  // with one is never allowed what only several do.
  {
    harm: ['power', 'failed-sync'],
    scope: anyScope,
    flush: ['async', 'os'],
    replication: 'quorum',
    promise: {
      ...unsynced,
      bound: 'what the replicas of the next quorum had not synced',
      cursorsAhead:
        'a replicated consumer does not go back with a stream that lost its end ' +
        '(nats-server pull request 7692)',
      splitBrain:
        'replicas that had not synced may be apart after a power failure ' +
        '(nats-server issue 7567)',
    },
  },
];
