/** How long a stream knows a message by its id: a retry must come within this. */
export const duplicateWindowMs = 120_000;
