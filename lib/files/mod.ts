/**
 * Tensors in files.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * using model = new ebb.nn.Linear(2, 1);
 * using optimizer = new ebb.optim.AdamW(model.parameters());
 * await ebb.saveCheckpoint(path, { model, optimizer, epoch: 3 }); // all that a run needs to go on
 * using other = new ebb.nn.Linear(2, 1);
 * const { epoch } = await ebb.loadCheckpoint(path, { model: other });
 * assertEquals([epoch, other.weight.toArray()], [3, model.weight.toArray()]);
 *
 * await ebb.save(path, model.stateDict()); // weights alone, for PyTorch and others
 * await Deno.remove(path);
 * ```
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
