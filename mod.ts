/**
 * Ebb: eager tensors with autograd on ONNX Runtime, with device and host placement under the program's control.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * ebb.seed(1);
 * using points = ebb.randn([500, 2]);
 * using labels = ebb.scope(() => points.square().sum(1).lt(1.4).to("int64")); // inside of a circle?
 * const data = ebb.data.fromTensors([points, labels]);
 *
 * using model = ebb.models.mlp({ sizes: [2, 32, 2] });
 * using optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 0.02 });
 * for await (const [x, y] of ebb.data.loader(data, { batchSize: 50, shuffle: true, epochs: 10 })) {
 *   ebb.scope(() => {
 *     const loss = ebb.crossEntropy(model.forward(x), y);
 *     optimizer.zeroGrad();
 *     loss.backward();
 *     optimizer.step();
 *   }); // what was made inside is freed here; parameters and gradients stay
 * }
 * assert(await ebb.accuracy(model, data) > 0.9);
 * ```
 *
 * @module
 */
// Not a namespace: the documentation would give the first one the paragraph above in place of its own.
export * from "./lib/device/mod.ts";
export * as backdoor from "./lib/backdoor/mod.ts";
export * as chart from "./lib/chart/mod.ts";
export * from "./lib/swap/mod.ts";
export * as policy from "./lib/swap/policy/mod.ts";
export * from "./lib/tensor/mod.ts";
export * as data from "./lib/data/mod.ts";
export * from "./lib/files/mod.ts";
export * as models from "./lib/nn/models/mod.ts";
export * as nn from "./lib/nn/mod.ts";
export { accuracy } from "./lib/nn/accuracy.ts";
export { type Classifier, type LabelledData, predict, type PredictOptions } from "./lib/nn/predict.ts";
export { type LoopOptions, type Progress, progress, type ProgressEvent } from "./lib/notebook/mod.ts";
export * as optim from "./lib/optim/mod.ts";
