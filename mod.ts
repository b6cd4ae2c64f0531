/**
 * Ebb: eager tensors with autograd on ONNX Runtime, with device and host placement under the program's control.
 *
 * @module
 */
export * as backdoor from "./lib/backdoor/mod.ts";
export * as chart from "./lib/chart/mod.ts";
export * from "./lib/device/mod.ts";
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
