/**
 * What a network makes of images that it was not trained on.
 *
 * @module
 */
import * as ebb from "../mod.ts";

/** How well a network does. */
export interface Evaluation {
  /** Mean loss, in nats. */
  readonly loss: number;
  /** Share that is classified right, 0 to 1. */
  readonly accuracy: number;
  /** The class that the network takes each image for, in the data set's order. */
  readonly predictions: readonly number[];
}

/** Shows a network all images of a data set. It is in training mode afterwards. */
export async function evaluate(model: ebb.nn.Module, data: ebb.data.Dataset): Promise<Evaluation> {
  model.eval();
  let loss = 0;
  const predictions: number[] = [];
  for await (const [images, labels] of ebb.data.loader(data, { batchSize: 250 })) {
    ebb.noGrad(() =>
      ebb.scope(() => {
        const scores = model.forward(images);
        loss += ebb.crossEntropy(scores, labels).item() * labels.size;
        predictions.push(...predicted(scores));
      })
    );
  }
  model.train();
  const labels = data.labels();
  const right = predictions.filter((prediction, row) => prediction === labels[row]).length;
  return { loss: loss / data.length, accuracy: right / data.length, predictions };
}

/** The class with the largest score in each row of `[N, classes]`. */
export function predicted(scores: ebb.Tensor): number[] {
  const [rows, classes] = scores.shape;
  const values = scores.data() as Float32Array;
  return Array.from({ length: rows }, (_, row) => {
    const first = row * classes;
    let best = first;
    for (let at = first; at < first + classes; at++) if (values[at] > values[best]) best = at;
    return best - first;
  });
}
