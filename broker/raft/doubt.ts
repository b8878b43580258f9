/**
 * A replica whose log came back shorter than it once was persisted, though nothing may be
 * forgotten: bytes were cut off, or a disk lied. It may have vouched for a committed entry that it
 * now lacks. Were it to vote, or to lead, such an entry could be lost: the majority that committed
 * it and the majority that elects may have only this replica in common. So it does neither, but
 * follows, until it certainly holds again all that it ever vouched for and that was committed.
 *
 * It vouched in terms up to that of its hard state. When a leader of a later term has committed an
 * entry of its own term, all that was committed before is below it: that leader was elected
 * without this replica, so by voters who forgot nothing. A leader of the same term may commit with
 * an old answer of this replica that is still on its way; but none of those answers spoke of more
 * than was persisted then, so the leader's commit index must have reached that.
 */
export interface Doubt {
  /** Of the hard state at the start. */
  readonly term: number;
  /** What was persisted once; infinite when that is not known. */
  readonly lacksUpTo: number;
}

export function isSettled(
  doubt: Doubt,
  leader: {
    readonly term: number;
    readonly commitIndex: number;
    /** Of the entry at its commit index, as this replica has it. */
    readonly commitTerm: number | undefined;
    /** Up to here this replica has the leader's log, persisted. */
    readonly holds: number;
  },
): boolean {
  const { term, commitIndex, commitTerm, holds } = leader;
  if (holds < commitIndex) return false;
  return term > doubt.term ? commitTerm === term : commitIndex >= doubt.lacksUpTo;
}
