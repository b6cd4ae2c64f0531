/**
 * Which images the demo trains on: MNIST's digits, or what lies in a folder.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { type Halves, imagesIn } from "./folder.ts";
import { type Recipe, recipeFor } from "./recipe.ts";

/** Images to learn from and images to be tested on, with a recipe. */
export interface Images {
  /** Such as "MNIST". */
  readonly name: string;
  /** What they are called, such as "digits". */
  readonly plural: string;
  /** To learn from. */
  readonly train: ebb.data.Dataset;
  /** Held out: never trained on. */
  readonly test: ebb.data.Dataset;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** How to train on them. */
  readonly recipe: Recipe;
}

/**
 * MNIST's digits, or what lies in `folder`.
 *
 * @throws {Error} If the folder has no images, or a file is not what its name says: a sentence.
 */
export async function loadImages(folder?: string): Promise<Images> {
  if (folder === undefined) return describe("MNIST", "digits", await ebb.data.mnist(), false);
  const found = await imagesIn("demo", folder);
  if (found.photographs) return describe("CIFAR-10", "photographs", found, true);
  const title = folder.split(/[/\\]/).findLast((part) => part !== "") ?? folder;
  return describe(title, "images", found, false);
}

function describe(name: string, plural: string, { train, test }: Halves, mirrored: boolean): Images {
  const [shape, other] = [train, test].map((data) => data.fields[0].shape);
  if (String(shape) !== String(other)) {
    const found = `[${shape.join(", ")}] to train on and [${other.join(", ")}] to test on`;
    throw new Error(`demo: expected images of one shape but found ${found}`);
  }
  const count = 1 + [train, test].flatMap((data) => [...data.labels()]).reduce((a, b) => Math.max(a, b), 0);
  const classes = train.classes ?? Array.from({ length: count }, (_, i) => String(i));
  const recipe = recipeFor({ shape, count: train.length, classes: classes.length, mirrored });
  return { name, plural, train, test, classes, recipe };
}
