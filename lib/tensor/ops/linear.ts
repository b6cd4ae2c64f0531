/**
 * Affine maps, `x·Wᵀ + b`: one call forward and one backward, which gives the gradients of input, weight and bias
 * together. Leading axes are rows. An activation behind the map runs in the same calls. The bias's gradient is a product
 * with a row of ones, which is several times faster than a sum over the first axis (`kernels.md`, key finding 5).
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { type DType, isFloating } from "../dtype.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import { scope } from "../scope.ts";
import { showShape } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { geluBackward, geluGradientGraph } from "./activation.ts";
import { add } from "./arithmetic.ts";
import { matmul } from "./matmul.ts";
import { columnSums, positive, rows, rowsSpec } from "./pieces.ts";
import { throughRelu } from "./unary.ts";
import { expand } from "./view.ts";

/** What runs behind an affine map. */
export type LinearActivation = "none" | "relu" | "gelu";

/** Options of {@link linear}. */
export interface LinearOptions {
  /** Applied to the result in the same call; default none. */
  activation?: LinearActivation;
}

type Forward = {
  /** The weight is `[out, in]`, as in layers, and not `[in, out]`, as in products. */
  turned: boolean;
  activation: LinearActivation;
  /** A gradient will ask for the values before the activation. */
  recorded: boolean;
};

type Backward = { turned: boolean; activation: LinearActivation; needs: readonly boolean[] };

/** `dy` times the derivative of an activation: of ReLU from its result, of GELU from its argument. */
function throughActivation(
  g: GraphBuilder,
  dy: Value,
  kept: Value,
  activation: LinearActivation,
  dtype: DType,
): Value {
  if (activation === "relu") return g.node("Mul", [dy, positive(g, kept, dtype)]);
  return geluGradientGraph(g, dy, kept, (value) => g.scalar(value, dtype));
}

const linearOp: Op<[Tensor, Tensor, Tensor | null], Forward> = defineOp<
  [Tensor, Tensor, Tensor | null],
  Forward
>({
  name: "linear",
  halves: true,
  infer: ([x, w], { turned, activation, recorded }) => {
    const spec = rowsSpec(x.dtype, x.shape.slice(0, -1), w.shape[turned ? 0 : 1]);
    return activation === "gelu" && recorded ? [spec, spec] : [spec];
  },
  graph: (g, [x, w, b], { attributes: { turned, activation, recorded }, inputs }) => {
    const z = g.node("Gemm", [rows(g, x, inputs[0].shape.length), w, b], { transB: turned ? 1 : 0 });
    if (activation === "none") return [z];
    const y = g.node(activation === "relu" ? "Relu" : "Gelu", [z]);
    return activation === "gelu" && recorded ? [y, z] : [y];
  },
  saves: ({ activation }) => ({
    inputs: [0, 1],
    outputs: activation === "none" ? [] : activation === "relu" ? [0] : [1],
  }),
  gradient: ({ inputs: [x, w], outputs, attributes: { turned, activation }, needs }, [dy, more]) => {
    const kept = activation === "relu" ? outputs[0] : activation === "gelu" ? outputs[1] : null;
    if (kept === null || (dy && !more && !gradEnabled() && dy.bytes < dy.device.pieceBytes)) {
      return linearGradients(dy, x, w, kept, { turned, activation, needs });
    }
    // Two steps: where the activation's gradient is large, so that it is computed in pieces; and in a pass that is
    // recorded itself, as each has a gradient. What that depends on GELU's argument for arrives there as `more`.
    const own = dy ? (activation === "relu" ? throughRelu(dy, kept) : geluBackward(dy, kept)) : null;
    const dz = own && more ? add(own, more) : own ?? more;
    return linearGradients(dz, x, w, null, { turned, activation: "none", needs });
  },
});

/** Gradients of a linear map with respect to input, weight and bias; null where none is needed. */
function linearGradients(
  dy: Tensor,
  x: Tensor,
  w: Tensor,
  kept: Tensor | null,
  attributes: Backward,
): (Tensor | null)[] {
  const { needs } = attributes;
  const found = linearBackwardOp.all([dy, needs[1] ? x : null, needs[0] ? w : null, kept], attributes);
  let next = 0;
  return needs.map((needed) => needed ? found[next++] : null);
}

const linearBackwardOp: Op<[Tensor, Tensor | null, Tensor | null, Tensor | null], Backward> = defineOp<
  [Tensor, Tensor | null, Tensor | null, Tensor | null],
  Backward
>({
  name: "linearBackward",
  halves: true,
  infer: ([dy, x, w], { turned, needs }) => {
    const { dtype } = dy;
    const out = dy.shape[dy.rank - 1];
    const specs: Spec[] = [];
    if (needs[0]) specs.push(rowsSpec(dtype, dy.shape.slice(0, -1), w!.shape[turned ? 1 : 0]));
    if (needs[1]) {
      specs.push({ dtype, shape: turned ? [out, x!.shape[x!.rank - 1]] : [x!.shape[x!.rank - 1], out] });
    }
    if (needs[2]) specs.push({ dtype, shape: [out] });
    return specs;
  },
  graph: (g, [dy, x, w, kept], { attributes: { turned, activation, needs }, inputs }) => {
    const { dtype, shape } = inputs[0];
    let dz = rows(g, dy, shape.length);
    if (activation !== "none") dz = throughActivation(g, dz, rows(g, kept, shape.length), activation, dtype);
    const outputs: Value[] = [];
    if (needs[0]) outputs.push(g.node("Gemm", [dz, w], { transB: turned ? 0 : 1 }));
    if (needs[1]) {
      const flat = rows(g, x, shape.length);
      outputs.push(g.node("Gemm", turned ? [dz, flat] : [flat, dz], { transA: 1 }));
    }
    if (needs[2]) outputs.push(columnSums(g, dz, dtype));
    return outputs;
  },
  saves: { inputs: [0, 1, 2] },
  // dx = dy·W, dW = dyᵀ·x, db = Σ dy: each is linear in both factors.
  gradient: ({ inputs: [dy, x, w], attributes: { turned, needs: made }, needs }, found) => {
    let next = 0;
    const [gx, gw, gb] = made.map((one) => one ? found[next++] ?? null : null);
    const sum = (a: Tensor | null, b: Tensor | null) => a === null ? b : b === null ? a : add(a, b);
    const plain = { turned, activation: "none" } as const;
    const product = (a: Tensor, b: Tensor) => linearOp([a, b, null], { ...plain, recorded: true });
    let forDy: Tensor | null = null;
    if (needs[0]) {
      if (gx) forDy = product(gx, w!);
      if (gw) forDy = sum(forDy, product(x!, gw));
      if (gb) forDy = forDy === null ? expand(gb, dy.shape) : add(forDy, gb);
    }
    const forX = needs[1] && gw
      ? linearGradients(dy, x!, gw, null, { ...plain, needs: [true, false, false] })[0]
      : null;
    const forW = needs[2] && gx
      ? linearGradients(dy, gx, gx, null, { ...plain, needs: [false, true, false] })[1]
      : null;
    return [forDy, forX, forW, null];
  },
});

/** Checks what both kinds of affine map ask for. `found` names the weight's sizes as it lies. */
function checkLinear(name: string, x: Tensor, w: Tensor, b: Tensor | null, turned: boolean): void {
  const show = (t: Tensor) => `${t.dtype}${showShape(t.shape)}`;
  const [inner, out] = turned ? [w.shape[1], w.shape[0]] : [w.shape[0], w.shape[1]];
  if (x.rank === 0 || w.rank !== 2 || x.shape[x.rank - 1] !== inner) {
    throw new RangeError(
      `${name}: expected x [..., in] and a weight ${turned ? "[out, in]" : "[in, out]"} but found ` +
        `${showShape(x.shape)} and ${showShape(w.shape)}`,
    );
  }
  if (b !== null && (b.rank !== 1 || b.shape[0] !== out)) {
    throw new RangeError(`${name}: expected a bias [${out}] but found ${showShape(b.shape)}`);
  }
  if (!isFloating(x.dtype) || w.dtype !== x.dtype || (b !== null && b.dtype !== x.dtype)) {
    throw new TypeError(
      `${name}: expected operands of one floating type but found ${show(x)}, ${show(w)}` +
        `${b === null ? "" : `, ${show(b)}`}; use to()`,
    );
  }
}

/**
 * The affine map of a layer: `x·Wᵀ + b`.
 *
 * @param x `[..., in]`
 * @param weight `[out, in]`, as PyTorch's layers keep it
 * @param bias `[out]`, or null
 * @returns `[..., out]`
 * @throws {RangeError} when the shapes do not fit; the sentence has them.
 * @throws {TypeError} when the types differ or have no fractions.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2]]);
 * using w = ebb.tensor([[1, 1], [-1, -1], [0, 2]]);
 * using b = ebb.tensor([0, 1, 0]);
 * using y = ebb.linear(x, w, b, { activation: "relu" });
 * assertEquals(y.toArray(), [[3, 0, 4]]);
 * ```
 */
export function linear(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: LinearOptions = {},
): Tensor {
  checkLinear("linear", x, weight, bias, true);
  const { activation = "none" } = options;
  return linearOp([x, weight, bias], {
    turned: true,
    activation,
    recorded: activation !== "none" && gradEnabled(),
  });
}

/**
 * `bias + x·W`, with the weight as a product has it. Where `bias` is a vector it is one call, like {@link linear}.
 *
 * @param bias `[out]`, or anything that broadcasts to the result
 * @param x `[..., in]`
 * @param weight `[in, out]`
 * @returns `[..., out]`
 * @throws {RangeError} when the shapes do not fit; the sentence has them.
 * @throws {TypeError} when the types differ or have no fractions.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using bias = ebb.tensor([100, 200]);
 * using x = ebb.tensor([[1, 2]]);
 * using weight = ebb.tensor([[1, 2], [3, 4]]);
 * using y = ebb.addmm(bias, x, weight);
 * assertEquals(y.toArray(), [[107, 210]]);
 * ```
 */
export function addmm(bias: Tensor, x: Tensor, weight: Tensor): Tensor {
  const fits = bias.rank === 1 && bias.shape[0] === weight.shape[1];
  checkLinear("addmm", x, weight, fits ? bias : null, false);
  if (!fits) return scope(() => add(matmul(x, weight), bias));
  return linearOp([x, weight, bias], { turned: false, activation: "none", recorded: false });
}
