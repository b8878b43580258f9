/** Usage or environment error; the codes of verdicts are `exitCodeOf` of the judge. */
export const errorExitCode = 1;
