import { complaintError, explain } from './explain.ts';
import { scenarioSchema, type Scenario } from './schema.ts';
import { contradictions, type Vocabulary } from './semantics.ts';

/**
 * Validates what a person wrote. `source` is the file or name that the sentences begin with.
 * Throws a HarnessError `scenario` with one sentence per wrong field.
 */
export function parseScenario(input: unknown, source: string, vocabulary: Vocabulary): Scenario {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) {
    throw complaintError(source, [{ path: [], text: 'holds no scenario: it must be an object' }]);
  }
  const parsed = scenarioSchema.safeParse(input);
  if (!parsed.success) throw complaintError(source, explain(scenarioSchema, input, parsed.error));
  return checkScenario(parsed.data, source, vocabulary);
}

/** Throws when fields contradict each other; returns the scenario. */
export function checkScenario(
  scenario: Scenario,
  source: string,
  vocabulary: Vocabulary,
): Scenario {
  const complaints = contradictions(scenario, vocabulary);
  if (complaints.length > 0) throw complaintError(source, complaints);
  return scenario;
}
