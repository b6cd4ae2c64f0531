/**
 * Nodes that ONNX Runtime's WebGPU provider accepts and then gets wrong or refuses while it runs. They run on the CPU
 * instead, in the middle of a WebGPU session. Seen in version 1.30; the op tests find new ones.
 *
 * @module
 */

/** What is looked at of a node. */
export interface NodeKind {
  readonly op: string;
  /** Number of outputs. */
  readonly outputs: number;
}

/** Whether a node is one that the WebGPU provider must not be given. */
export function failsOnWebgpu({ op, outputs }: NodeKind): boolean {
  switch (op) {
    case "ReduceLogSumExp":
      return true; // overflows, as it does not take the largest element off first
    case "SimplifiedLayerNormalization":
      return outputs > 1; // leaves the second output unwritten
    case "BatchNormalization":
      return outputs > 1; // training: refused
    case "MaxPool":
      return outputs > 1; // indices: refused
    default:
      return false;
  }
}
