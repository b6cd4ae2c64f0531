/**
 * How the demo trains: which network suits which images, and the settings found for it.
 *
 * @module
 */
import * as ebb from "../mod.ts";

/** What a choice depends on. */
export interface Traits {
  /** Channels, rows and columns of an image. */
  readonly shape: readonly number[];
  /** How many images there are to train on. */
  readonly count: number;
  /** How many classes. */
  readonly classes: number;
  /** Whether an image means the same when mirrored: true for things, not for digits. */
  readonly mirrored: boolean;
}

/** How to train. */
export interface Recipe {
  /** The network, in words. */
  readonly network: string;
  /** Makes the network. */
  readonly build: () => ebb.nn.Module;
  /** Images in a batch. */
  readonly batchSize: number;
  /** How often every image is seen if the user does not say. */
  readonly epochs: number;
  /** The highest rate of the cycle. */
  readonly learningRate: number;
  /** AdamW's. */
  readonly weightDecay: number;
  /** How images are varied. */
  readonly augment: readonly ebb.data.Augmentation[];
}

/** The recipe for such images. */
export function recipeFor({ shape, count, classes, mirrored }: Traits): Recipe {
  const [channels, height, width] = shape;
  const epochs = count > 20_000 ? 2 : 5;
  if (channels === 1 && height === width && height >= 8) {
    return {
      network: "small convolutional network",
      build: () => ebb.models.smallCnn({ classes, size: height }),
      batchSize: 64,
      epochs,
      learningRate: 0.01,
      weightDecay: 0.01,
      augment: [ebb.data.randomCrop({ padding: 2 })],
    };
  }
  return {
    network: "PreAct-ResNet18 of width 16",
    build: () => ebb.models.preactResnet18({ width: 16, classes, channels }),
    batchSize: 128,
    epochs,
    learningRate: 0.003,
    weightDecay: 0.05,
    augment: mirrored ? [ebb.data.randomCrop({ padding: 4 }), ebb.data.randomFlip()] : [],
  };
}
