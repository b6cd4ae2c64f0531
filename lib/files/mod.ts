/**
 * Tensors in files.
 *
 * @module
 */
export { load, readTensors, save, type TensorFile } from "./tensors.ts";
