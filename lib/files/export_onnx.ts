/**
 * Writes a forward pass as one ONNX file. The pass runs once on an example; the ops that it dispatches are strung
 * together from their own records, so the file computes what the eager pass computed, with the same kernels.
 *
 * @module
 */
import { bytesOf, GraphBuilder, type Value } from "../ort/mod.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { isTensor, numberTypeOf, specOf } from "../tensor/kernel.ts";
import type { Operand } from "../tensor/op.ts";
import { scope } from "../tensor/scope.ts";
import { showShape, sizeOf } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type TracedOp, traceOps } from "../tensor/trace.ts";
import { writeAtomically } from "./atomic.ts";

/** What can be exported: a module, or a function of a tensor. */
export type Exportable = ((x: Tensor) => Tensor) | {
  forward(x: Tensor): Tensor;
  /** Names for the weights in the file. */
  stateDict?(): Record<string, Tensor>;
};

/**
 * The forward pass of `model` as an ONNX model with the input `input` and the output `output`, of the example's shape.
 * Put the model into `eval()` first. Fused operators are those of ONNX Runtime, which runs the file with the same
 * result.
 *
 * @param model a module, or a function of a tensor
 * @param example an input; only its shape and type matter
 * @param path where to write the file, if anywhere
 * @returns the bytes of the model
 * @throws {Error} when the pass does not lead from the input to one tensor.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using weight = ebb.randn([4, 3]);
 * using example = ebb.randn([2, 4]);
 * const bytes = await ebb.exportOnnx((x) => x.matmul(weight).relu(), example);
 * assert(bytes.length > 100);
 * ```
 */
export async function exportOnnx(
  model: Exportable,
  example: Tensor,
  path?: string | URL,
): Promise<Uint8Array> {
  const bytes = trace(model, example);
  if (path !== undefined) await writeAtomically(path, [bytes], "exportOnnx");
  return bytes;
}

function trace(model: Exportable, example: Tensor): Uint8Array<ArrayBuffer> {
  const forward = typeof model === "function" ? model : (x: Tensor) => model.forward(x);
  const weights = typeof model === "function" ? {} : model.stateDict?.() ?? {};
  const weightNames = new Map(Object.entries(weights).map(([name, weight]) => [weight, name]));
  return noGrad(() =>
    scope(() => {
      const g = new GraphBuilder();
      const values = new Map<Tensor, Value>([[example, g.input("input", example.dtype, example.shape)]]);
      const valueOf = (tensor: Tensor): Value => {
        const known = values.get(tensor);
        if (known !== undefined) return known;
        const name = weightNames.get(tensor) ?? `constant${values.size}`;
        const value = g.initializer(name, tensor.dtype, tensor.shape, bytesOf(tensor.data()));
        values.set(tensor, value);
        return value;
      };
      const result = traceOps(() => forward(example), (step) => append(g, step, valueOf, values));
      if (!(result instanceof Tensor) || values.get(result) === undefined) {
        throw new Error(
          "exportOnnx: expected a forward pass that returns a tensor computed from its input but found none",
        );
      }
      g.output("output", values.get(result)!, result.dtype);
      return g.finish().slice();
    })
  );
}

/** Adds one op's graph. */
function append(
  g: GraphBuilder,
  step: TracedOp,
  valueOf: (tensor: Tensor) => Value,
  values: Map<Tensor, Value>,
): void {
  const { op, inputs, attributes, outputs, outputSpecs } = step;
  if (op.inPlace !== undefined || outputs.some((output) => inputs.includes(output))) {
    throw new Error(
      `exportOnnx: expected a forward pass without changes in place but found ${op.name}; call eval() first`,
    );
  }
  if (op.view) {
    values.set(outputs[0], viewGraph(g, inputs[0] as Tensor, outputs[0], valueOf));
    return;
  }
  const numberType = numberTypeOf(inputs);
  const specs = inputs.map((operand) => {
    const { dtype, shape } = specOf(operand, numberType);
    return { dtype, shape };
  });
  const names = inputs.map((operand: Operand) => {
    if (operand === null) return "";
    if (typeof operand === "number") return g.scalar(operand, numberType);
    return isTensor(operand) ? valueOf(operand) : g.ints(operand);
  });
  const context = { attributes, inputs: specs, outputs: outputSpecs, provider: "cpu" as const };
  op.graph(g, names, context).forEach((value, j) => {
    const { graphShape, shape } = outputSpecs[j];
    values.set(outputs[j], graphShape === undefined ? value : g.node("Reshape", [value, g.ints(shape)]));
  });
}

/** A view: some of the elements in a row, in another shape. */
function viewGraph(g: GraphBuilder, source: Tensor, view: Tensor, valueOf: (tensor: Tensor) => Value): Value {
  const start = (view.offset - source.offset) / bytesPerElement(view.dtype);
  const size = sizeOf(view.shape);
  if (!Number.isInteger(start)) {
    throw new Error(`exportOnnx: expected a view of whole elements but found ${showShape(view.shape)}`);
  }
  let value = valueOf(source);
  if (start !== 0 || size !== source.size) {
    const flat = g.node("Reshape", [value, g.ints([-1])]);
    value = g.node("Slice", [flat, g.ints([start]), g.ints([start + size])]);
  }
  return g.node("Reshape", [value, g.ints(view.shape)]);
}
