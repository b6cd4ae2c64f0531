/**
 * Tensors in files.
 *
 * @module
 */
export { type Exportable, exportOnnx } from "./export_onnx.ts";
export { load, readTensors, save, type TensorFile } from "./tensors.ts";
