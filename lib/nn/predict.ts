/**
 * What a classifier takes the rows of a data set for.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Device } from "../device/mod.ts";
import { type Progress, Task } from "../notebook/mod.ts";
import { fromHost } from "../tensor/create.ts";
import { type DType, type HostArray, toNumbers } from "../tensor/dtype.ts";
import { scope } from "../tensor/scope.ts";
import { showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { withMode } from "./mode.ts";

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
  /** The label of every row. */
  labels(): Int32Array;
}

/** Options of {@linkcode predict} and {@linkcode accuracy}. */
export interface PredictOptions {
  /** Examples in a batch; default 256. */
  batchSize?: number;
  /** What is done to a batch of inputs before the model sees it. */
  transform?: (inputs: Tensor) => Tensor;
  /** How a batch's forward pass is run, such as `(pass) => swap.evaluate(pass)`; default: as it stands. */
  run?: <T>(pass: () => T) => T | Promise<Awaited<T>>;
  /** What whoever watches reads; default the function's name. */
  task?: string;
  /** Where progress is told; default: a bar in a notebook, a line on standard output elsewhere, both after a second. */
  progress?: Progress;
  /** Ends the work before the next batch, with the signal's reason. */
  signal?: AbortSignal;
}

/** How long it takes until progress shows, in milliseconds: what is over sooner needs none. */
const PATIENCE_MS = 1000;

/**
 * The place of the first largest score of every row of a data set. The model is put into `eval()` for the time and then
 * back into the mode that it was in, module by module.
 *
 * @param model gives scores `[N, classes]` for the first field of a batch
 * @returns a class number a row, in the data set's order
 * @throws {RangeError} when the data set is empty, or scores are of another shape.
 * @throws the reason of the signal when it is aborted, or of an interrupt in Ebb's kernel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[2, 1], [0, 3], [5, 4]]);
 * assertEquals(await ebb.predict(new ebb.nn.Identity(), ebb.data.fromTensors([x])), Int32Array.of(0, 1, 0));
 * ```
 */
export async function predict(
  model: Classifier,
  dataset: LabelledData,
  options: PredictOptions = {},
): Promise<Int32Array> {
  const { batchSize = 256, transform = (inputs: Tensor) => inputs, run = (pass) => pass() } = options;
  const { task: name = "predict", progress, signal } = options;
  if (!(dataset.length > 0) || !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new RangeError(
      `predict: expected rows and a batch size above 0 but found ${dataset.length} and ${batchSize}`,
    );
  }
  const device: Device | undefined = model.parameters()[0]?.device;
  const predicted = new Int32Array(dataset.length);
  const batches = Math.ceil(dataset.length / batchSize);
  using task = new Task(name, batches, { progress, signal, delayMs: PATIENCE_MS });
  for (let start = 0; start < dataset.length; start += batchSize) {
    const size = Math.min(batchSize, dataset.length - start);
    const [inputs] = dataset.gather(Uint32Array.from({ length: size }, (_, i) => start + i));
    const pass = () =>
      noGrad(() =>
        scope(() => {
          const x = fromHost(inputs.data as HostArray, inputs.shape, { dtype: inputs.dtype, device });
          return largest(withMode(model, false, () => model.forward(transform(x))), size);
        })
      );
    predicted.set(await run(pass), start);
    // Lets timers, a progress line and an interrupt have their turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    task.advance();
  }
  return predicted;
}

/** The place of the first largest score of each row. */
function largest(scores: Tensor, rows: number): Int32Array {
  if (scores.rank !== 2 || scores.shape[0] !== rows) {
    throw new RangeError(
      `predict: expected scores [${rows}, classes] but found ${showShape(scores.shape)}`,
    );
  }
  const [, classes] = scores.shape;
  const values = toNumbers(scores.data(), scores.dtype);
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let i = 1; i < classes; i++) {
      if (values[row * classes + i] > values[row * classes + best]) best = i;
    }
    return best;
  });
}
