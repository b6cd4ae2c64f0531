/**
 * The backdoor laboratory: plant backdoors in image classifiers, find them, erase them, prove it. The namespace
 * `backdoor`.
 *
 * @module
 */
export { adversarialLabels, type AdversarialLabelsOptions } from "./adversarial_labels.ts";
export {
  type Attack,
  type AttackOptions,
  type AttackParts,
  defineAttack,
  type LearningStep,
  type Target,
} from "./attack.ts";
export { badnets, type BadnetsOptions } from "./attacks/badnets.ts";
export { blend, type BlendOptions } from "./attacks/blend.ts";
export { sig, type SigOptions } from "./attacks/sig.ts";
export { aft, type AftOptions } from "./defences/aft.ts";
export { fineTune } from "./defences/fine_tune.ts";
export { derOf, evaluate, type EvaluateOptions, type EvaluationRow } from "./evaluate.ts";
export { infect, type Infected, type Infection, type InfectionRow, type InfectOptions } from "./infect.ts";
export type { Measured } from "./measure.ts";
export { type AscentOptions, fgsm, pgd, type PgdOptions } from "./pgd.ts";
export { PoisonedDataset } from "./poison.ts";
export type { Runner, RunOptions, TrainingOptions } from "./train.ts";
