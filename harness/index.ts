/**
 * The public edge of the harness: what a scenario file, a program that runs scenarios by itself,
 * or a new driver, fault or checker needs.
 */
export { HarnessError, type HarnessErrorCode } from './errors.ts';
export type { Broker } from './driver/broker.ts';
export type { Driver } from './driver/driver.ts';
export { driverNames } from './driver/registry.ts';
export type { Fault, Proof, Victim } from './fault/fault.ts';
export { faults } from './fault/registry.ts';
export { checkers } from './checker/registry.ts';
export { readRecord } from './record/read.ts';
export { recordSchema, type RunRecord } from './record/record.ts';
export { rejudge } from './run/rejudge.ts';
export { runScenario } from './run/run.ts';
export type { Progress, RunOptions, RunResult, Stage } from './run/run-types.ts';
export { loadScenario, type LoadOptions } from './scenario/loader.ts';
export { withOverrides, type Overrides } from './scenario/overrides.ts';
export { parseScenario } from './scenario/parse.ts';
export { makePlan, planText, type PlanOptions } from './scenario/plan.ts';
export type * from './scenario/plan-types.ts';
export { defineScenario, type Scenario, type ScenarioInput } from './scenario/schema.ts';
export type { FaultWord, Vocabulary } from './scenario/semantics.ts';
export { vocabulary } from './vocabulary.ts';
