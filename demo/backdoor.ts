/**
 * The demo's third part: a network learns a backdoor from poisoned images, an inspection finds it, and adversarial
 * fine-tuning on a few clean images takes it away again.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import type { Images } from "./images.ts";

/** What was found. */
export interface Erased {
  /** The attack, in words. */
  readonly attack: string;
  /** The class that triggered images are to be taken for. */
  readonly target: string;
  /** Images that were poisoned, all that were trained on, and those that it was repaired with. */
  readonly counts: { readonly poisoned: number; readonly trained: number; readonly clean: number };
  /** What the infected network gives away to someone who has the clean images alone. */
  readonly inspection: ebb.backdoor.Inspection;
  /** The class that the inspection suspects, or null. */
  readonly suspected: string | null;
  /** The infected network and the repaired one. */
  readonly rows: readonly ebb.backdoor.EvaluationRow[];
  /** Accuracy and trigger success after each epoch of the repair. */
  readonly curve: readonly ebb.backdoor.CourseRow[];
  /** Images as they are, with the trigger, and attacked, with what the networks take them for. */
  readonly pictures: readonly ebb.backdoor.ExampleColumn[];
}

/** The most images that are trained on, and that the repair is measured on after each epoch. */
const [MOST, SAMPLE] = [9000, 500];
/** The share of the images that the repair is given. */
const CLEAN = 0.05;
const TARGET = 0;

/**
 * Plants a backdoor and erases it.
 *
 * @returns null where some class has too few images to repair with.
 */
export async function plantAndErase(
  images: Images,
  epochs: number,
  seed: number,
  progress: (event: ebb.ProgressEvent) => void,
): Promise<Erased | null> {
  const { train, test, classes, recipe } = images;
  const some = train.length > MOST ? train.subset({ count: MOST, stratified: true, seed }) : train;
  const count = Math.max(Math.round(CLEAN * some.length), 2 * classes.length);
  if (count > some.length / 2) return null;
  const [clean, rest] = some.split({ count, stratified: true, seed });
  if (new Set(clean.labels()).size < classes.length) return null;

  ebb.seed(seed);
  const attack = ebb.backdoor.badnets({ target: TARGET, seed });
  const { augment } = recipe;
  using infected = await ebb.backdoor.infect(recipe.build(), rest, attack, {
    epochs: Math.max(1, Math.round(epochs)),
    augment,
    seed,
    progress,
  });
  const sample = test.length > SAMPLE ? test.subset({ count: SAMPLE, seed }) : test;
  const course = await ebb.backdoor.follow(infected, sample, attack);
  const inspection = await ebb.backdoor.inspect(infected, clean, { epsilons: [], seed, progress });
  using repaired = await ebb.backdoor.aft(infected, clean, {
    inspection,
    batchSize: Math.min(32, clean.length),
    augment,
    seed,
    progress,
    onEpoch: course.onEpoch,
  });
  return {
    attack: "a checkered patch of 3 × 3 pixels in the lower right corner",
    target: classes[TARGET],
    counts: {
      poisoned: attack.poison(rest).poisoned.length,
      trained: rest.length,
      clean: clean.length,
    },
    inspection,
    suspected: inspection.target === null ? null : classes[inspection.target],
    rows: await ebb.backdoor.evaluate({ infected, repaired }, test, attack),
    curve: course.rows,
    pictures: await ebb.backdoor.examples({ infected, repaired }, test, attack),
  };
}
