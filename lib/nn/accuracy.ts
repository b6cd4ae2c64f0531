/**
 * How many examples a classifier gets right.
 *
 * @module
 */
import { loader } from "../data/loader.ts";
import { scope } from "../tensor/scope.ts";
import { showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What is needed of a classifier; every module that gives scores is one. */
export interface Classifier {
  /** Scores `[N, classes]`. */
  forward(inputs: Tensor): Tensor;
  /** The device of the first is where batches go. */
  parameters(): Tensor[];
  /** It and the modules inside it. */
  modules(): { training: boolean }[];
  /** Goes into evaluation. */
  eval(): unknown;
}

/** A data set of inputs and labels. */
export type LabelledData = Parameters<typeof loader>[0];

/** Options of {@linkcode accuracy}. */
export interface AccuracyOptions {
  /** Examples in a batch; default 256. */
  batchSize?: number;
}

/**
 * The share of a data set's rows whose largest score is that of their label. The model is put into `eval()` for the time
 * and then back into the mode that it was in, module by module.
 *
 * @param model gives scores `[N, classes]` for the first field of a batch
 * @param dataset rows of an input and a label
 * @returns a number from 0 to 1
 * @throws {RangeError} when the data set is empty, or scores are of another shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[2, 1], [0, 3], [5, 4]]);
 * using labels = ebb.tensor([0, 1, 1], { dtype: "int64" });
 * const data = ebb.data.fromTensors([x, labels]);
 * assertEquals(await ebb.accuracy(new ebb.nn.Identity(), data), 2 / 3);
 * ```
 */
export async function accuracy(
  model: Classifier,
  dataset: LabelledData,
  options: AccuracyOptions = {},
): Promise<number> {
  const { batchSize = 256 } = options;
  const device = model.parameters()[0]?.device;
  const modes = model.modules().map((module) => [module, module.training] as const);
  let right = 0;
  try {
    for await (const [inputs, labels] of loader(dataset, { batchSize, device })) {
      model.eval();
      right += noGrad(() => scope(() => countRight(model.forward(inputs), labels)));
    }
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
  return right / dataset.length;
}

/** Rows of scores whose first largest one is at the label's place. */
function countRight(scores: Tensor, labels: Tensor): number {
  if (scores.rank !== 2 || scores.shape[0] !== labels.size) {
    throw new RangeError(
      `accuracy: expected scores [${labels.size}, classes] but found ${showShape(scores.shape)}`,
    );
  }
  const [rows, classes] = scores.shape;
  const values = scores.data() as Float32Array;
  const wanted = labels.data();
  let right = 0;
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let i = 1; i < classes; i++) {
      if (values[row * classes + i] > values[row * classes + best]) best = i;
    }
    if (best === Number(wanted[row])) right++;
  }
  return right;
}
