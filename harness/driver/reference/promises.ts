import type { Scope } from '../../checker/promise/harm.ts';
import type { Row, SomeLoss } from '../../checker/promise/row.ts';

const anyScope: readonly Scope[] = ['minority', 'majority', 'all'];
/** At least one node goes on with all that it has. */
const notAll: readonly Scope[] = ['minority', 'majority'];
const severalDown: readonly Scope[] = ['majority', 'all'];

const withinFlush = 'acked within the flush interval plus one sync before the fault';
const unwritten = 'what the kernel had not written back yet, however old';
const lacked = 'what the followers lacked when the fault took effect';
const voterForgot = 'any tail: a voter that forgot may elect a leader that never knew';

const window = {
  loss: 'window',
  exposes: 'unsynced',
  withinFlushInterval: false,
  mayTakeAll: true,
  lasts: false,
  deliveredIsSafe: false,
} satisfies Partial<SomeLoss>;

/**
 * The reference broker's rows; what fits none is held to `none`, and that is every fault with flush
 * `sync` x replication `none` or `quorum`, and in every quorum mode whatever leaves the un-synced
 * data of a majority alone: a kill, a pause, a cut, a full disk, one damaged copy.
 */
export const referencePromises: readonly Row[] = [
  // One replica: what it had not synced is gone. It acked by itself and was read at once.
  {
    harm: ['power', 'failed-sync'],
    scope: anyScope,
    flush: ['async'],
    replication: 'none',
    promise: { ...window, withinFlushInterval: true, bound: withinFlush },
  },
  {
    harm: ['power', 'failed-sync'],
    scope: anyScope,
    flush: ['os'],
    replication: 'none',
    promise: { ...window, bound: unwritten },
  },
  // The only copy is damaged. Its end may be cut off: nobody can tell a torn tail from a write that
  // was never finished. What is damaged before its end must be refused, and is there once healed.
  {
    harm: ['damage'],
    scope: anyScope,
    flush: ['sync', 'async', 'os'],
    replication: 'none',
    promise: {
      ...window,
      loss: 'may',
      exposes: 'all',
      mayTakeAll: false,
      bound: 'the end of the damaged log',
    },
  },

  // A majority has it, and one of them forgets: together with a node that never had it, that one
  // elects a leader without it, while the node that still has it is away.
  {
    harm: ['power', 'failed-sync'],
    scope: notAll,
    flush: ['async', 'os'],
    replication: 'quorum',
    promise: { ...window, loss: 'may', bound: voterForgot },
  },
  // All forget at once, so that nobody is behind by more than that.
  {
    harm: ['power', 'failed-sync'],
    scope: ['all'],
    flush: ['async'],
    replication: 'quorum',
    promise: { ...window, withinFlushInterval: true, bound: withinFlush },
  },
  {
    harm: ['power', 'failed-sync'],
    scope: ['all'],
    flush: ['os'],
    replication: 'quorum',
    promise: { ...window, bound: unwritten },
  },

  // The leader acks alone. Whoever follows it lacks what had not been copied. Readers see only what
  // a majority has, which an election keeps.
  {
    harm: ['process', 'damage'],
    scope: ['minority'],
    flush: ['sync', 'async', 'os'],
    replication: 'async',
    promise: { ...window, exposes: 'all', deliveredIsSafe: true, bound: lacked },
  },
  // Nobody can be elected until some of them are back, with all that they had.
  {
    harm: ['process', 'damage'],
    scope: severalDown,
    flush: ['sync', 'async', 'os'],
    replication: 'async',
    promise: { ...window, exposes: 'lag', deliveredIsSafe: true, bound: lacked },
  },
  {
    harm: ['cut-off', 'refusal'],
    scope: ['minority'],
    flush: ['sync', 'async', 'os'],
    replication: 'async',
    promise: {
      ...window,
      exposes: 'all',
      lasts: true,
      deliveredIsSafe: true,
      bound: `${lacked}, and what the old leader acked until it stepped down`,
    },
  },
  {
    harm: ['cut-off', 'refusal'],
    scope: severalDown,
    flush: ['sync', 'async', 'os'],
    replication: 'async',
    promise: {
      ...window,
      exposes: 'lag',
      lasts: true,
      deliveredIsSafe: true,
      bound: `${lacked}, and what the old leader acked until it stepped down`,
    },
  },
  // What a majority synced stays. What the leader alone had synced stays if it comes back in time
  // to be elected.
  {
    harm: ['power', 'failed-sync'],
    scope: ['minority'],
    flush: ['sync'],
    replication: 'async',
    promise: { ...window, exposes: 'all', deliveredIsSafe: true, bound: lacked },
  },
  {
    harm: ['power', 'failed-sync'],
    scope: ['majority'],
    flush: ['sync'],
    replication: 'async',
    promise: { ...window, deliveredIsSafe: true, bound: lacked },
  },
  {
    harm: ['power', 'failed-sync'],
    scope: ['all'],
    flush: ['sync'],
    replication: 'async',
    promise: {
      ...window,
      loss: 'may',
      deliveredIsSafe: true,
      bound: 'any tail that the followers lacked: it depends on who is back first',
    },
  },
  // Both at once. What a majority had written and not synced had been read, and can be forgotten.
  {
    harm: ['power', 'failed-sync'],
    scope: ['minority'],
    flush: ['async', 'os'],
    replication: 'async',
    promise: { ...window, exposes: 'all', bound: lacked },
  },
  {
    harm: ['power', 'failed-sync'],
    scope: severalDown,
    flush: ['async', 'os'],
    replication: 'async',
    promise: { ...window, bound: 'what the followers lacked or had not synced' },
  },
];
