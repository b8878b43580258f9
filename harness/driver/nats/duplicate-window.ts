/**
 * How long a stream knows a message by its id: a retry must come within this. A server takes two
 * minutes where nobody says; a stream may be without a quorum for longer (`usualPatience`).
 */
export const duplicateWindowMs = 420_000;
