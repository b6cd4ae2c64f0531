/**
 * The sizes of the grid: which images, which network, how long it is trained.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Dataset } from "../../lib/data/dataset.ts";
import { imagesIn } from "../../demo/folder.ts";

/** How large the grid's experiments are. */
export interface Size {
  /** Names the size in files. */
  readonly name: string;
  /** Images of [0, 1] with labels: those in `folder`, or where that is empty a package's. */
  images(folder: string): Promise<{ train: Dataset; test: Dataset }>;
  /** What of the training images the attacker trains on, and what clean ones the defender has. */
  split(train: Dataset, seed: number): { train: Dataset; clean: Dataset };
  /** A network, newly made. */
  network(): ebb.nn.Module;
  /** How networks are trained by the attacker, apart from `infect`'s defaults. */
  readonly training: ebb.backdoor.TrainingOptions;
  /** Epochs of attacks by name that take more, as those whose trigger is learnt with the model. */
  readonly epochs?: Readonly<Record<string, number>>;
  /** How the defender trains, apart from the defence's defaults. */
  readonly repair: ebb.backdoor.TrainingOptions;
}

/** Crop and mirror, as everyone does with CIFAR-10. */
const augment = [ebb.data.randomCrop({ padding: 4 }), ebb.data.randomFlip()];

/**
 * Five parts of a hundred for the defender, five more for whoever chooses the settings of defences, the rest for the
 * attacker, so that nobody sees another's images.
 */
function apart(train: Dataset, seed: number): { train: Dataset; clean: Dataset } {
  const [clean, others] = train.split({ share: 0.05, stratified: true, seed });
  const [, rest] = others.split({ count: clean.length, stratified: true, seed });
  return { train: rest, clean };
}

async function photographs(folder: string): Promise<{ train: Dataset; test: Dataset }> {
  if (folder !== "") return await imagesIn("grid", folder);
  throw new Error("grid: expected --data with a folder in CIFAR-10's binary format but found none");
}

/** All sizes by name. */
export const SIZES: Readonly<Record<string, Size>> = {
  mnist: {
    name: "mnist",
    images: (folder) => folder === "" ? ebb.data.mnist() : imagesIn("grid", folder),
    split: apart,
    network: () => ebb.models.smallCnn({ classes: 10 }),
    training: { epochs: 6 },
    epochs: { inputAware: 25 },
    repair: {},
  },
  cifar: {
    name: "cifar",
    images: photographs,
    split: apart,
    network: () => ebb.models.preactResnet18({ width: 16 }),
    training: { epochs: 20, augment },
    repair: { augment },
  },
  full: {
    name: "full",
    images: photographs,
    // As the paper and BackdoorBench have it: the defender has 5 % of the very images that the attacker poisons, clean.
    split: (train, seed) => ({ train, clean: train.subset({ share: 0.05, stratified: true, seed }) }),
    network: () => ebb.models.preactResnet18({ width: 64 }),
    training: { epochs: 100, augment },
    repair: { augment },
  },
};
