/**
 * Normalisation over groups of channels of one image (Wu and He, 2018), and over each channel alone (Ulyanov, Vedaldi and
 * Lempitsky, 2016). All gradients are one call, from two sums a channel.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import { isFloating } from "../dtype.ts";
import { defineOp, type Op, type Spec } from "../op.ts";
import { sameShape, type Shape, showShape, sizeOf } from "../shape.ts";
import { gradEnabled } from "../tape.ts";
import type { Tensor } from "../tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import type { LayerNormOptions } from "./layer_norm.ts";
import { mean, sum } from "./sum.ts";
import { rsqrt } from "./unary.ts";
import { reshape } from "./view.ts";

type Settings = { groups: number; epsilon: number };
type Forward = [x: Tensor, w: Tensor | null, b: Tensor | null];

/** How `[N, C, ...]` is seen: by channel, `[N, C, K]`, and by group, `[N, G, C/G · K]`. */
function viewsOf([n, c, ...places]: Shape, groups: number): { byChannel: number[]; byGroup: number[] } {
  const k = sizeOf(places);
  return { byChannel: [n, c, k], byGroup: [n, groups, c / groups * k] };
}

const groupNormOp: Op<Forward, Settings> = defineOp<Forward, Settings>({
  name: "groupNorm",
  shaped: true,
  infer: ([x], { groups }) => {
    const dtype = x.dtype === "float64" ? x.dtype : "float32";
    const statistics: Spec = { dtype, shape: [x.shape[0], groups, 1] };
    return [
      { dtype: x.dtype, shape: x.shape, graphShape: viewsOf(x.shape, groups).byChannel },
      statistics,
      statistics,
    ];
  },
  graph: (g, [x, w, b], { attributes: { groups, epsilon }, inputs: [{ dtype, shape }] }) => {
    const { byChannel, byGroup } = viewsOf(shape, groups);
    const grouped = g.node("Reshape", [x, g.ints(byGroup)]);
    let y: Value, mean: Value, inverse: Value;
    if (dtype === "float64") {
      // The kernel keeps its statistics in float32.
      mean = g.node("ReduceMean", [grouped, g.ints([2])]);
      const c = g.node("Sub", [grouped, mean]);
      const variance = g.node("ReduceMean", [g.node("Mul", [c, c]), g.ints([2])]);
      inverse = g.node("Reciprocal", [g.node("Sqrt", [g.node("Add", [variance, g.scalar(epsilon, dtype)])])]);
      y = g.node("Mul", [c, inverse]);
    } else {
      const settings = { axis: 2, epsilon: { float: epsilon } };
      [y, mean, inverse] = g.nodes("LayerNormalization", 3, [grouped, g.fill([1], 1, dtype)], settings);
    }
    y = g.node("Reshape", [y, g.ints(byChannel)]);
    if (w !== "") y = g.node("Mul", [y, perChannel(g, w)]);
    if (b !== "") y = g.node("Add", [y, perChannel(g, b)]);
    return [y, inverse, mean];
  },
  saves: { inputs: [0, 1], outputs: [1, 2] },
  gradient: ({ inputs: [x, w], outputs: [, inverse, mean], attributes, needs }, [dy]) => {
    if (gradEnabled()) return composed(dy, x, w, attributes, needs);
    const found = groupNormBackwardOp.all([dy, x, w, inverse, mean], { groups: attributes.groups, needs });
    return needs.map((needed) => needed ? found.shift()! : null);
  },
});

/** `[C]` beside `[N, C, K]`. */
function perChannel(g: GraphBuilder, x: Value): Value {
  return g.node("Reshape", [x, g.ints([-1, 1])]);
}

type Backward = [dy: Tensor, x: Tensor, w: Tensor | null, inverse: Tensor, mean: Tensor];

const groupNormBackwardOp = defineOp<Backward, { groups: number; needs: readonly boolean[] }>({
  name: "groupNormBackward",
  shaped: true,
  infer: ([dy, x], { groups, needs }) => {
    const { dtype } = dy;
    const channels: Spec = { dtype, shape: [x.shape[1]] };
    const image: Spec = { dtype, shape: x.shape, graphShape: viewsOf(x.shape, groups).byChannel };
    return [image, channels, channels].filter((_, i) => needs[i]);
  },
  graph: (g, operands, { attributes: { groups, needs }, inputs }) => {
    const { dtype, shape } = inputs[0];
    const { byChannel, byGroup } = viewsOf(shape, groups);
    const [n, c] = byChannel;
    const size = byGroup[2];
    const node = (op: string, ...values: Value[]) => g.node(op, values);
    const as = (value: Value, ...shape: number[]) => node("Reshape", value, g.ints(shape));
    const statistic = (i: number) => inputs[i].dtype === dtype ? operands[i] : g.cast(operands[i], dtype);
    const [inverse, mean] = [statistic(3), statistic(4)]; // [N, G, 1]
    const dy = as(operands[0], ...byChannel);
    const centred = node("Sub", as(operands[1], ...byGroup), mean);
    const products = node("Mul", dy, as(centred, ...byChannel));
    const sums = as(node("ReduceSum", dy, g.ints([2])), n, groups, c / groups);
    const dots = as(node("ReduceSum", products, g.ints([2])), n, groups, c / groups);
    const outputs: Value[] = [];
    if (needs[0]) {
      const w = operands[2] === "" ? "" : as(operands[2], 1, groups, c / groups);
      const weighted = (value: Value) => w === "" ? value : node("Mul", value, w);
      const total = (value: Value) =>
        node("Mul", node("ReduceSum", weighted(value), g.ints([2])), g.scalar(1 / size, dtype));
      const factor = w === ""
        ? node("Expand", inverse, g.ints([n, groups, c / groups]))
        : node("Mul", inverse, w);
      const cube = node("Mul", node("Mul", inverse, inverse), inverse);
      const shift = node("Mul", inverse, total(sums));
      const away = node("Add", node("Mul", centred, node("Mul", cube, total(dots))), shift);
      outputs.push(node("Sub", node("Mul", dy, as(factor, n, c, 1)), as(away, ...byChannel)));
    }
    if (needs[1]) outputs.push(node("ReduceSum", as(node("Mul", dots, inverse), n, c), g.ints([0])));
    if (needs[2]) outputs.push(node("ReduceSum", as(sums, n, c), g.ints([0])));
    return outputs.map((value, i) => i === 0 && needs[0] ? value : g.node("Reshape", [value, g.ints([c])]));
  },
});

/** All gradients as ordinary ops, for a backward pass that is recorded itself. */
function composed(
  dy: Tensor,
  x: Tensor,
  w: Tensor | null,
  { groups, epsilon }: Settings,
  needs: readonly boolean[],
): (Tensor | null)[] {
  const { byChannel, byGroup } = viewsOf(x.shape, groups);
  const average = (v: Tensor) => mean(v, 2, { keepDim: true });
  const grouped = reshape(x, byGroup);
  const centred = sub(grouped, average(grouped));
  const inverse = rsqrt(add(average(mul(centred, centred)), epsilon));
  const y = mul(centred, inverse);
  const wide = reshape(dy, byChannel);
  const d = reshape(w === null ? wide : mul(wide, reshape(w, [-1, 1])), byGroup);
  const dx = () => mul(inverse, sub(sub(d, average(d)), mul(y, average(mul(d, y)))));
  return [
    needs[0] ? reshape(dx(), x.shape) : null,
    needs[1] ? sum(mul(wide, reshape(y, byChannel)), [0, 2]) : null,
    needs[2] ? sum(wide, [0, 2]) : null,
  ];
}

/**
 * Group norm: channels are split into `groups` of neighbours, and each group of each image is brought to mean 0 and
 * variance 1, then scaled and shifted by channel.
 *
 * @param x `[N, C, ...]`
 * @param groups a divisor of C
 * @param weight `[C]`, or null for ones
 * @param bias `[C]`, or null for zeros
 * @returns `x`'s shape
 * @throws {RangeError} when channels do not divide into groups, or shapes or types do not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 3, 10, 30]]);
 * using y = x.groupNorm(2, null, null, { epsilon: 0 });
 * assertEquals(y.toArray(), [[-1, 1, -1, 1]]);
 * ```
 */
export function groupNorm(
  x: Tensor,
  groups: number,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  options: LayerNormOptions = {},
): Tensor {
  return norm("groupNorm", x, groups, weight, bias, options);
}

/**
 * Instance norm: each channel of each image is brought to mean 0 and variance 1, then scaled and shifted. Shapes and
 * errors as in {@link groupNorm}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[[1, 3], [10, 30]]]);
 * using y = x.instanceNorm(null, null, { epsilon: 0 });
 * assertEquals(y.toArray(), [[[-1, 1], [-1, 1]]]);
 * ```
 */
export function instanceNorm(
  x: Tensor,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  options: LayerNormOptions = {},
): Tensor {
  return norm("instanceNorm", x, x.shape[1], weight, bias, options);
}

function norm(
  name: string,
  x: Tensor,
  groups: number,
  weight: Tensor | null,
  bias: Tensor | null,
  { epsilon = 1e-5 }: LayerNormOptions,
): Tensor {
  if (x.rank < 2 || !isFloating(x.dtype)) {
    throw new RangeError(
      `${name}: expected floating numbers [N, C, ...] but found ${x.dtype}${showShape(x.shape)}`,
    );
  }
  const channels = x.shape[1];
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new RangeError(
      `${name}: expected groups that ${channels} channels divide into but found ${groups}`,
    );
  }
  for (const [what, operand] of [["weight", weight], ["bias", bias]] as const) {
    if (operand === null || (sameShape(operand.shape, [channels]) && operand.dtype === x.dtype)) continue;
    throw new RangeError(
      `${name}: expected a ${what} of ${x.dtype}${showShape([channels])} but found ` +
        `${operand.dtype}${showShape(operand.shape)}`,
    );
  }
  return groupNormOp([x, weight, bias], { groups, epsilon });
}
