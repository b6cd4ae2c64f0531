/**
 * Tensors in files.
 *
 * @module
 */
export {
  type CheckpointParts,
  loadCheckpoint,
  type Resumable,
  saveCheckpoint,
  type Stateful,
} from "./checkpoint.ts";
export { type Exportable, exportOnnx } from "./export_onnx.ts";
export { load, readTensors, save, type TensorFile } from "./tensors.ts";
