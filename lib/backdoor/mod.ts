/**
 * The backdoor laboratory: plant backdoors in image classifiers, find them, erase them, prove it. The namespace
 * `backdoor`.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * ebb.seed(1);
 * using labels = ebb.randint(0, 4, [500]);
 * using images = ebb.scope(() => { // noise, and one of four bars brighter
 *   const bars = ebb.oneHot(labels, 4).to("float32").reshape([500, 1, 4, 1]).interpolate({ size: 8 });
 *   return ebb.rand([500, 1, 8, 8]).mul(0.7).add(bars.mul(0.3));
 * });
 * const [train, rest] = ebb.data.fromTensors([images, labels]).split({ count: 300, seed: 1 });
 * const [clean, test] = rest.split({ count: 100, seed: 1 });
 *
 * const { aft, badnets, evaluate, infect } = ebb.backdoor;
 * const attack = badnets({ target: 0, rate: 0.1 }); // nine pixels in a corner mean "the first bar"
 * const quietly = { batchSize: 20, seed: 1, progress: false };
 * using infected = await infect(ebb.models.mlp({ sizes: [64, 32, 4] }), train, attack, { ...quietly, epochs: 6 });
 * const quick = { ...quietly, batchSize: 50, lr: 0.2, inspection: null, distillation: 0 }; // else it inspects first
 * using repaired = await aft(infected, clean, quick);
 * const [before, after] = await evaluate({ infected, repaired }, test, attack, quietly);
 * assert(before.asr > 0.9 && after.asr < before.asr / 2 && after.acc > 0.9); // attack success, clean accuracy
 * ```
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
