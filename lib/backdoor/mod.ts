/**
 * The backdoor laboratory: plant backdoors in image classifiers, find them, erase them, prove it. The namespace
 * `backdoor`.
 *
 * @module
 */
export {
  adversarialLabels,
  type AdversarialLabelsOptions,
  type LabelMatrix,
  labelMatrix,
  type LabelMatrixOptions,
} from "./adversarial_labels.ts";
export {
  type Attack,
  type AttackOptions,
  type AttackParts,
  defineAttack,
  type LearningStep,
  type Target,
  type TriggerLearner,
  type TriggerTraining,
} from "./attack.ts";
export type { AttackedOptions } from "./attacked.ts";
export { badnets, type BadnetsOptions } from "./attacks/badnets.ts";
export { blend, type BlendOptions } from "./attacks/blend.ts";
export { inputAware, type InputAwareOptions } from "./attacks/input_aware.ts";
export { labelConsistent, type LabelConsistentOptions } from "./attacks/label_consistent.ts";
export { sig, type SigOptions } from "./attacks/sig.ts";
export { trojanNN, type TrojanNNOptions } from "./attacks/trojan_nn.ts";
export { wanet, type WanetOptions } from "./attacks/wanet.ts";
export { aft, type AftOptions } from "./defences/aft.ts";
export { anp, type AnpOptions } from "./defences/anp.ts";
export { clp, type ClpOptions } from "./defences/clp.ts";
export { finePruning, type FinePruningOptions } from "./defences/fine_pruning.ts";
export type { ErasureOptions } from "./defences/erase.ts";
export { fineTune } from "./defences/fine_tune.ts";
export { pbe, type PbeOptions, type PbeRound, type PbeRoundDone } from "./defences/pbe.ts";
export { ftSam, type FtSamOptions } from "./defences/ft_sam.ts";
export type { HeldOutOptions } from "./defences/held_out.ts";
export { iBau, type IBauOptions } from "./defences/i_bau.ts";
export { nad, type NadOptions } from "./defences/nad.ts";
export { neuralCleanse, type NeuralCleanseOptions } from "./defences/neural_cleanse.ts";
export type { Inspected, Repaired } from "./defences/repair.ts";
export { sau, type SauOptions } from "./defences/sau.ts";
export { chooseEpsilon, type EpsilonOptions } from "./epsilon.ts";
export { derOf, evaluate, type EvaluateOptions, type EvaluationRow } from "./evaluate.ts";
export { type ExampleColumn, examples, type ExamplesOptions } from "./examples.ts";
export { type FeatureDistance, featureDistance } from "./feature_distance.ts";
export { type Features, penultimate } from "./features.ts";
export { type Course, type CourseRow, follow } from "./follow.ts";
export { infect, type Infected, type Infection, type InfectionRow, type InfectOptions } from "./infect.ts";
export { inspect, type Inspection, type InspectOptions, type LabelEvidence } from "./inspect.ts";
export type { Measured } from "./measure.ts";
export { maximumMargins, type MaximumMarginsOptions } from "./margins.ts";
export { reverseTriggers, type ReverseTriggersOptions } from "./reversed/patch.ts";
export { reverseOverlays, type ReverseOverlaysOptions } from "./reversed/overlay.ts";
export { type ReversedWarp, reverseWarps, type ReverseWarpsOptions } from "./reversed/warp.ts";
export { type AscentOptions, fgsm, pgd, type PgdOptions } from "./pgd.ts";
export { PoisonedDataset } from "./poison.ts";
export {
  anomalyIndices,
  type PlainImage,
  type ReversedTrigger,
  type SearchOptions,
} from "./reversed/search.ts";
export { type Roc, roc, type RocPoint } from "./roc.ts";
export { loadRows, saveRows } from "./rows.ts";
export { summarise, type SummaryRow } from "./summarise.ts";
export type { Runner, RunOptions } from "./run.ts";
export type { Epoch, TrainingOptions } from "./train.ts";
