/**
 * How many examples a classifier gets right.
 *
 * @module
 */
import { type Classifier, type LabelledData, predict, type PredictOptions } from "./predict.ts";

/**
 * The share of a data set's rows whose largest score is that of their label. The model is put into `eval()` for the time
 * and then back into the mode that it was in, module by module.
 *
 * @param model gives scores `[N, classes]` for the first field of a batch
 * @param dataset rows of an input and a label
 * @returns a number from 0 to 1
 * @throws {RangeError} when the data set is empty, or scores are of another shape.
 * @throws the reason of the signal when it is aborted, or of an interrupt in Ebb's kernel.
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
  options: PredictOptions = {},
): Promise<number> {
  const predicted = await predict(model, dataset, { task: "accuracy", ...options });
  const labels = dataset.labels();
  return predicted.reduce((right, label, row) => right + Number(label === labels[row]), 0) / labels.length;
}
