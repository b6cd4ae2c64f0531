/**
 * The attacks and the defences of the grid by name. A line adds one.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Dataset } from "../../lib/data/dataset.ts";

/** What an attack may need beyond its options. */
export interface AttackNeeds {
  /** A model trained on clean images; it lives as long as the attack is used. */
  readonly benign: ebb.nn.Module;
  /** The images' `[C, H, W]`. */
  readonly shape: readonly number[];
}

/** Makes an attack. */
export type MakeAttack = (
  options: ebb.backdoor.AttackOptions,
  needs: AttackNeeds,
) => ebb.backdoor.Attack | Promise<ebb.backdoor.Attack>;

/** What a defender has. */
export interface DefenceNeeds {
  /** It stays as it is. */
  readonly model: ebb.nn.Module;
  /** Clean images with their true labels. */
  readonly clean: Dataset;
  /** The training set as the attacker handed it out; made when it is asked for. */
  readonly poisoned: () => Dataset;
}

/** Repairs a copy of a model. */
export type Defend = (
  needs: DefenceNeeds,
  options: ebb.backdoor.TrainingOptions,
) => Promise<ebb.nn.Module>;

const { backdoor } = ebb;

/** Every attack by its name in tables. */
export const ATTACKS: Readonly<Record<string, MakeAttack>> = {
  badnets: backdoor.badnets,
  blend: backdoor.blend,
  "sig-dirty": (options) => backdoor.sig({ ...options, cleanLabel: false }),
  sig: backdoor.sig,
  wanet: backdoor.wanet,
  inputAware: backdoor.inputAware,
  labelConsistent: (options, { benign }) => backdoor.labelConsistent({ ...options, model: benign }),
  trojanNN: (options, { benign, shape }) => backdoor.trojanNN(benign, { ...options, shape, progress: false }),
};

/** A defence that is given clean images. */
function clean(
  defend: (
    model: ebb.nn.Module,
    clean: Dataset,
    options: ebb.backdoor.TrainingOptions,
  ) => Promise<ebb.nn.Module>,
): Defend {
  return (needs, options) => defend(needs.model, needs.clean, options);
}

/** Every defence by its name in tables. */
export const DEFENCES: Readonly<Record<string, Defend>> = {
  aft: clean(backdoor.aft),
  // With the augmentation that the authors' code has.
  "aft-authors": clean((model, clean, { augment: _, ...options }) =>
    backdoor.aft(model, clean, { ...options, preset: "authors" })
  ),
  pbe: ({ model, poisoned }, options) => backdoor.pbe(model, poisoned(), options),
  fineTune: clean(backdoor.fineTune),
  finePruning: clean(backdoor.finePruning),
  nad: clean(backdoor.nad),
  anp: clean(backdoor.anp),
  ftSam: clean(backdoor.ftSam),
  clp: clean(backdoor.clp),
  neuralCleanse: clean(backdoor.neuralCleanse),
  iBau: clean(backdoor.iBau),
  sau: clean(backdoor.sau),
};
