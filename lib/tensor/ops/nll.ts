/**
 * The graph pieces of losses over classes. With the target distribution `q` of a row (1 at its label; with smoothing,
 * class weights and ignored rows as PyTorch defines them) the loss of log-probabilities `p` is `−Σ q·p`, so its gradient
 * is `−q`, and both are linear. Graphs: `kernels.md`, section 3, softmax cross-entropy.
 *
 * @module
 */
import type { GraphBuilder, Value } from "../../ort/mod.ts";
import type { DType } from "../dtype.ts";
import type { Spec } from "../op.ts";
import type { Shape } from "../shape.ts";
import type { Reduction } from "./loss_reduction.ts";

/** What shapes the graph of a loss over classes. */
export type ClassLoss = {
  reduction: Reduction;
  /** Share of the target distribution that is spread over all classes. */
  smoothing: number;
  /** Number of classes; 0 where the graph need not know. */
  classes: number;
  /** The label of rows that do not count; null: there are none. */
  ignored: number | null;
  /** Nobody has seen the labels: one out of range gives NaN. */
  unseen: boolean;
};

/** The loss's output and, where the mean is not over all rows, what it was divided by. */
export function lossSpecs(
  dtype: DType,
  logits: Shape,
  { reduction, ignored }: ClassLoss,
  weighted: boolean,
): Spec[] {
  const rows = [logits[0], ...logits.slice(2)];
  const loss: Spec = reduction === "none"
    ? { dtype, shape: rows, graphShape: [logits[0], 1, ...logits.slice(2)] }
    : { dtype, shape: [] };
  return dividesByTotal(reduction, ignored, weighted) ? [loss, { dtype, shape: [] }] : [loss];
}

/** Whether the mean is over a total that depends on the labels. */
export function dividesByTotal(reduction: Reduction, ignored: number | null, weighted: boolean): boolean {
  return reduction === "mean" && (ignored !== null || weighted);
}

/** Labels and what follows from them, along the class axis. */
interface Targets {
  /** Labels `[N, 1, ...]` of which every one is a class. */
  labels: Value;
  /** Whether a row counts; "" if all do. */
  counts: Value;
  /** Class weights as `[1, C, 1, ...]`, or "". */
  weights: Value;
  /** Factor of each row: the weight of its class, 0 if it does not count; "" for 1. */
  factor: Value;
  /** NaN for rows whose label is out of range, 0 for others; "" if the labels were seen. */
  fault: Value;
}

/** Shapes, labels and weights of one graph. */
export interface ClassInputs {
  labels: Value;
  /** Element type of the labels. */
  index: DType;
  /** Class weights, or "". */
  weight: Value;
  /** Axes of the logits. */
  rank: number;
  dtype: DType;
}

function targets(g: GraphBuilder, inputs: ClassInputs, { ignored, unseen, classes }: ClassLoss): Targets {
  const { index, weight, rank, dtype } = inputs;
  const zero = g.scalar(0, index);
  let labels = g.node("Unsqueeze", [inputs.labels, g.ints([1])]);
  let counts = "";
  let fault = "";
  if (ignored !== null) {
    counts = g.node("Not", [g.node("Equal", [labels, g.scalar(ignored, index)])]);
    labels = g.node("Where", [counts, labels, zero]);
  }
  if (unseen) {
    const low = g.node("Less", [labels, zero]);
    const wrong = g.node("Or", [low, g.node("GreaterOrEqual", [labels, g.scalar(classes, index)])]);
    labels = g.node("Where", [wrong, zero, labels]);
    fault = g.node("Where", [wrong, g.scalar(NaN, dtype), g.scalar(0, dtype)]);
  }
  let factor = counts === "" ? "" : g.cast(counts, dtype);
  let weights = "";
  if (weight !== "") {
    weights = rank === 2 ? weight : g.node("Reshape", [weight, g.ints([1, -1, ...Array(rank - 2).fill(1)])]);
    const own = g.node("Gather", [weight, labels]);
    factor = factor === "" ? own : g.node("Mul", [own, factor]);
  }
  return { labels, counts, weights, factor, fault };
}

const times = (g: GraphBuilder, a: Value, b: Value): Value =>
  b === "" ? a : a === "" ? b : g.node("Mul", [a, b]);

/** `−Σ q·p`, reduced; and the total that a mean was divided by, if it is one. */
export function nllGraph(g: GraphBuilder, logProbs: Value, inputs: ClassInputs, loss: ClassLoss): Value[] {
  const { reduction, smoothing } = loss;
  const { dtype } = inputs;
  const { labels, counts, weights, factor, fault } = targets(g, inputs, loss);
  let rows = times(g, g.node("GatherElements", [logProbs, labels], { axis: 1 }), factor);
  if (smoothing > 0) {
    const spread = g.node("ReduceMean", [times(g, logProbs, weights), g.ints([1])]);
    const all = counts === "" ? spread : g.node("Where", [counts, spread, g.scalar(0, dtype)]);
    rows = g.node("Add", [
      g.node("Mul", [rows, g.scalar(1 - smoothing, dtype)]),
      g.node("Mul", [all, g.scalar(smoothing, dtype)]),
    ]);
  }
  if (fault !== "") rows = g.node("Add", [rows, fault]);
  if (reduction === "none") return [g.node("Neg", [rows])];
  if (reduction === "mean" && factor === "") {
    return [g.node("Neg", [g.node("ReduceMean", [rows], { keepdims: 0 })])];
  }
  const sum = g.node("Neg", [g.node("ReduceSum", [rows], { keepdims: 0 })]);
  if (reduction === "sum") return [sum];
  const total = g.node("ReduceSum", [factor], { keepdims: 0 });
  return [g.node("Div", [sum, total]), total];
}

/** What a gradient is made from. */
export interface ClassGradient extends ClassInputs {
  /** Gradient of the loss. */
  dy: Value;
  /** What a mean was divided by: a scalar. */
  total: Value;
  /** Shape of the logits. */
  shape: Value;
}

/** `−q` times the loss's gradient; with `probs`, the gradient with respect to logits instead: `probs·Σq − q`. */
export function nllGradientGraph(
  g: GraphBuilder,
  from: ClassGradient,
  loss: ClassLoss,
  probs: Value = "",
): Value {
  const { reduction, smoothing, classes } = loss;
  const { dtype } = from;
  const { labels, counts, weights, factor } = targets(g, from, loss);
  // The gradient of each row, a scalar where all have one.
  let row = reduction === "none" ? g.node("Unsqueeze", [from.dy, g.ints([1])]) : from.dy;
  if (reduction === "mean") row = g.node("Div", [row, from.total]);
  const atLabel = times(g, times(g, row, smoothing > 0 ? g.scalar(1 - smoothing, dtype) : ""), factor);
  const update = g.node("Expand", [g.node("Neg", [atLabel]), g.node("Shape", [labels])]);

  const counted = counts === "" ? row : g.node("Mul", [row, g.cast(counts, dtype)]);
  const share = smoothing / classes;
  const everywhere = smoothing > 0 ? times(g, g.scalar(share, dtype), weights) : "";
  let base: Value;
  if (probs === "") {
    const zero = g.scalar(0, dtype);
    base = smoothing > 0 ? g.node("Neg", [g.node("Mul", [counted, everywhere])]) : zero;
    base = g.node("Expand", [base, from.shape]);
  } else if (smoothing === 0) {
    base = g.node("Mul", [probs, times(g, row, factor)]);
  } else {
    let mass = counted; // row · Σ q
    if (weights !== "") {
      const spread = g.node("Mul", [
        g.node("ReduceSum", [from.weight], { keepdims: 0 }),
        g.scalar(share, dtype),
      ]);
      mass = g.node("Add", [atLabel, g.node("Mul", [counted, spread])]);
    }
    base = g.node("Sub", [g.node("Mul", [probs, mass]), g.node("Mul", [counted, everywhere])]);
  }
  return g.node("ScatterElements", [base, labels, update], { axis: 1, reduction: "add" });
}
