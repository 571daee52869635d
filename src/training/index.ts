/**
 * Keeps the checkpoints of a training run: `pytree2safetensors/training`. This is what browsers get; `index.node.ts`
 * adds paths.
 *
 * @module
 */
export { CheckpointManager, type ManagerPlace } from "./manager.ts";
export type {
  CheckpointManagerOptions,
  Restored,
  RestoreOptions,
  SaveStepOptions,
  StepProgress,
} from "./options.ts";
export {
  type BestRule,
  type KeepRules,
  type KeptStep,
  type Metrics,
  type SaveContext,
  type SaveEvery,
  stepsToKeep,
} from "./policy.ts";
export type { WhenBusy } from "./queue.ts";
export type { StepInfo } from "./step-info.ts";
