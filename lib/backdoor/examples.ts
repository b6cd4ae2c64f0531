/**
 * A few images in all their forms, with what models take them for: what people would rather look at than read.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import type { Module } from "../nn/module.ts";
import { withMode } from "../nn/mode.ts";
import { fromHost } from "../tensor/create.ts";
import type { HostArray } from "../tensor/dtype.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Attack } from "./attack.ts";
import { taken } from "./attacked.ts";
import { chooseEpsilon } from "./epsilon.ts";
import { checkTask } from "./images.ts";
import { goalsOf } from "./measure.ts";
import { pgd } from "./pgd.ts";
import { checkCounts, deviceOf } from "./run.ts";

/** Options of {@linkcode examples}. */
export interface ExamplesOptions {
  /** How many images are shown; default 4. */
  readonly count?: number;
  /** The most by which a value of an attacked image changes; default: what `chooseEpsilon` finds. */
  readonly epsilon?: number;
}

/** Images of one form, with what a model takes them for. */
export interface ExampleColumn {
  /** The form and the model, such as "trigger, repaired". */
  readonly title: string;
  /** From top to bottom the same ones in every column. */
  readonly images: readonly {
    /** `[C, H, W]`, 0 to 1. */
    readonly pixels: Float32Array;
    /** Of the pixels. */
    readonly shape: readonly number[];
    /** The class that the model takes the image for. */
    readonly caption: string;
    /** Whether that is not its true class. */
    readonly wrong: boolean;
  }[];
}

/**
 * The first images of other classes than the attack's target: clean, with the trigger, and as adversarial examples, each with
 * what the first model takes it for, and with the trigger as each further model takes it.
 *
 * @param models by name; the first is the infected one, which is attacked
 * @param test images in [0, 1] with their true labels
 * @returns plain data; `chart.imageGrid(columns)` draws them.
 * @throws {TypeError | RangeError} when there is no model, the images are not such, or the count is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { test } = await ebb.data.mnist();
 * using infected = ebb.models.smallCnn({ classes: 10 });
 * using repaired = infected.clone();
 * const attack = ebb.backdoor.badnets();
 * const columns = await ebb.backdoor.examples({ infected, repaired }, test, attack, { epsilon: 0.1 });
 * const titles = ["clean, infected", "trigger, infected", "attacked, infected", "trigger, repaired"];
 * assertEquals(columns.map(({ title }) => title), titles);
 * assertEquals(ebb.chart.imageGrid(columns).svg.startsWith("<svg"), true);
 * ```
 */
export async function examples(
  models: Readonly<Record<string, Module>>,
  test: Dataset,
  attack: Attack,
  options: ExamplesOptions = {},
): Promise<ExampleColumn[]> {
  const { count = 4 } = options;
  const [first, ...others] = Object.entries(models);
  if (first === undefined) throw new RangeError("examples: expected at least one model but found none");
  checkCounts("examples", { count });
  const [name, infected] = first;
  const set = await checkTask("examples", infected, test);
  const epsilon = options.epsilon ?? await chooseEpsilon(infected, test);
  const rows = goalsOf("examples", attack, set).rows.subarray(0, count);
  const truth = Array.from(rows, (row) => set.labels[row]);
  const [images] = test.gather(rows);
  const device = deviceOf(infected);
  const column = (title: string, batch: Tensor, model: Module): ExampleColumn => {
    const found = noGrad(() => withMode(model, false, () => taken(model, batch)));
    const pixels = batch.data() as Float32Array;
    const size = pixels.length / rows.length;
    return {
      title,
      images: found.map((label, i) => ({
        pixels: pixels.slice(i * size, (i + 1) * size),
        shape: set.shape,
        caption: test.classes?.[label] ?? String(label),
        wrong: label !== truth[i],
      })),
    };
  };
  return scope(() => {
    const clean = fromHost(images.data as HostArray, images.shape, { dtype: "float32", device });
    const labels = fromHost(BigInt64Array.from(truth, BigInt), [rows.length], { dtype: "int64", device });
    const triggered = attack.trigger(clean);
    return [
      column(`clean, ${name}`, clean, infected),
      column(`trigger, ${name}`, triggered, infected),
      column(`attacked, ${name}`, pgd(infected, clean, labels, { epsilon }), infected),
      ...others.map(([name, model]) => column(`trigger, ${name}`, triggered, model)),
    ];
  });
}
