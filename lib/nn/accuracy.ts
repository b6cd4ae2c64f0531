/**
 * How many examples a classifier gets right.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Device } from "../device/mod.ts";
import { fromHost } from "../tensor/create.ts";
import { type DType, type HostArray, toNumbers } from "../tensor/dtype.ts";
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

/** What is needed of a data set; those of the namespace `data` are such. */
export interface LabelledData {
  /** Number of rows. */
  readonly length: number;
  /** The given rows as a batch: inputs, and a label each. */
  gather(indices: ArrayLike<number>): { data: ArrayBufferView; shape: readonly number[]; dtype: DType }[];
}

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
  if (!(dataset.length > 0) || !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new RangeError(
      `accuracy: expected rows and a batch size above 0 but found ${dataset.length} and ${batchSize}`,
    );
  }
  const device: Device | undefined = model.parameters()[0]?.device;
  const modes = model.modules().map((module) => [module, module.training] as const);
  let right = 0;
  try {
    for (let start = 0; start < dataset.length; start += batchSize) {
      const size = Math.min(batchSize, dataset.length - start);
      const [inputs, labels] = dataset.gather(Uint32Array.from({ length: size }, (_, i) => start + i));
      model.eval();
      right += noGrad(() =>
        scope(() => {
          const x = fromHost(inputs.data as HostArray, inputs.shape, { dtype: inputs.dtype, device });
          return countRight(model.forward(x), labels.data as HostArray);
        })
      );
      // Lets timers, a progress line and an interrupt have their turn.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
  return right / dataset.length;
}

/** Rows of scores whose first largest one is at the label's place. */
function countRight(scores: Tensor, labels: HostArray): number {
  if (scores.rank !== 2 || scores.shape[0] !== labels.length) {
    throw new RangeError(
      `accuracy: expected scores [${labels.length}, classes] but found ${showShape(scores.shape)}`,
    );
  }
  const [rows, classes] = scores.shape;
  const values = toNumbers(scores.data(), scores.dtype);
  let right = 0;
  for (let row = 0; row < rows; row++) {
    let best = 0;
    for (let i = 1; i < classes; i++) {
      if (values[row * classes + i] > values[row * classes + best]) best = i;
    }
    if (best === Number(labels[row])) right++;
  }
  return right;
}
