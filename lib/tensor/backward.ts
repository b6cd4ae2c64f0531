/**
 * The backward pass: visits the nodes that lead from outputs to the tensors whose gradients are wanted, newest first,
 * and adds up what arrives. What a node saved is freed as soon as its gradient is computed.
 *
 * @module
 */
import { addOp } from "./ops/arithmetic.ts";
import { clone } from "./ops/copy.ts";
import { ones } from "./create.ts";
import { inPhase } from "./observe.ts";
import type { Operand } from "./op.ts";
import { Saved } from "./saved.ts";
import { scope, track } from "./scope.ts";
import { sameShape, showShape } from "./shape.ts";
import { type Edge, enableGrad, noGrad, TapeNode } from "./tape.ts";
import type { Tensor } from "./tensor.ts";

/** Settings of {@link grad}. */
export interface GradOptions {
  /** Gradients with respect to the outputs; needed where an output has more than one element. */
  gradOutputs?: readonly Tensor[];
  /** Keep what the tape saved, for another backward pass. */
  retainGraph?: boolean;
  /** Record the backward pass itself, so that gradients can be differentiated. Implies `retainGraph`. */
  createGraph?: boolean;
}

/**
 * Computes the gradients of `output` with respect to all leaves it depends on that require one, and adds them to their
 * `grad`. Frees what the tape saved.
 *
 * @param output a scalar, or any tensor together with `gradient`
 * @param gradient the gradient with respect to `output`; needed unless that has one element
 * @throws {Error} when `output` requires no gradient, its graph was freed by an earlier pass, or a saved tensor was
 * changed in place since.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([1, 2, 3], { requiresGrad: true });
 * using y = x.square().sum();
 * y.backward();
 * assertEquals(x.grad?.toArray(), [2, 4, 6]);
 * ```
 */
export function backward(output: Tensor, gradient?: Tensor, options: { retainGraph?: boolean } = {}): void {
  scope(() => {
    const seed = seedOf("backward", output, gradient);
    inPhase("backward", () => walk([output], [seed], null, options.retainGraph ?? false, false));
  });
}

/**
 * Gradients of `outputs` with respect to `inputs`, without touching any `grad`. Only what leads to `inputs` is computed.
 *
 * @returns one tensor per input, of its shape; null where no output depends on the input.
 * @throws {Error} when an output does not require a gradient, or its graph was freed by an earlier pass.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * ebb.scope(() => {
 *   const x = ebb.tensor(3, { requiresGrad: true });
 *   const [first] = ebb.grad([x.mul(x).mul(x)], [x], { createGraph: true });
 *   const [second] = ebb.grad([first!], [x]);
 *   assertEquals([first!.item(), second!.item()], [27, 18]);
 * });
 * ```
 */
export function grad(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  return scope(() => {
    const seeds = outputs.map((output, i) => seedOf("grad", output, options.gradOutputs?.[i]));
    for (const input of inputs) {
      if (!input.requiresGrad) {
        throw new Error(`grad: expected inputs that require a gradient but found ${input}`);
      }
    }
    const create = options.createGraph ?? false;
    return inPhase("backward", () => walk(outputs, seeds, inputs, options.retainGraph ?? create, create));
  });
}

function seedOf(name: string, output: Tensor, gradient?: Tensor): Tensor {
  if (!output.requiresGrad) {
    throw new Error(`${name}: expected a tensor that requires a gradient but found ${output}`);
  }
  if (gradient === undefined) {
    if (output.size !== 1) {
      throw new Error(
        `${name}: expected a tensor of one element or a gradient but found shape ${
          showShape(output.shape)
        } and none`,
      );
    }
    return ones(output.shape, { dtype: output.dtype, device: output.device });
  }
  if (!sameShape(gradient.shape, output.shape) || gradient.dtype !== output.dtype) {
    throw new Error(
      `${name}: expected a gradient of ${output.dtype}${showShape(output.shape)} but found ` +
        `${gradient.dtype}${showShape(gradient.shape)}`,
    );
  }
  return gradient.alias();
}

/** Visits the graph. With `targets` their gradients are returned; without, leaves gather theirs. */
function walk(
  outputs: readonly Tensor[],
  seeds: readonly Tensor[],
  targets: readonly Tensor[] | null,
  retain: boolean,
  create: boolean,
): (Tensor | null)[] {
  const found = new Map<Tensor, Tensor>();
  const leaves = new Set<Tensor>();
  const wanted = new Set(targets ?? []);
  const nodes = reachable(outputs);
  const needed = targets === null ? null : neededNodes(nodes, wanted);
  const inner = [...wanted].filter((target) => target.node !== null);
  const innerNodes = new Set(inner.map((target) => target.node));
  const isNeeded = (edge: Edge) => {
    if (edge === null || needed === null) return edge !== null;
    return edge instanceof TapeNode ? needed.has(edge) || innerNodes.has(edge) : wanted.has(edge);
  };

  const arrive = (edge: Edge, index: number, gradient: Tensor) => {
    if (edge instanceof TapeNode) edge.arrived[index] = sum(edge.arrived[index] ?? null, gradient, create);
    else if (edge !== null && targets === null) leaves.add(gather(edge, gradient));
    else if (edge !== null) found.set(edge, sum(found.get(edge) ?? null, gradient, create));
  };

  for (const node of nodes) node.retain();
  try {
    outputs.forEach((output, i) => arrive(output.node ?? output, output.outputIndex, seeds[i]));
    for (const node of nodes) {
      for (const target of inner) {
        const own = target.node === node ? node.arrived[target.outputIndex] : null;
        if (!own) continue;
        const gradient = own.alias();
        if (create) shareNode(own, gradient);
        found.set(target, gradient);
      }
      if (needed !== null && !needed.has(node)) continue;
      if (node.arrived.some((gradient) => gradient)) differentiate(node, isNeeded, arrive, create);
      for (const gradient of node.arrived) gradient?.dispose();
      node.arrived = [];
      if (!retain) node.freeSaved();
    }
  } catch (error) {
    // They were taken out of every scope, so nobody else would free them.
    for (const gradient of found.values()) gradient.dispose();
    throw error;
  } finally {
    for (const node of nodes) {
      for (const gradient of node.arrived) gradient?.dispose();
      node.arrived = [];
      node.release();
    }
  }
  for (const leaf of leaves) makeOwn(leaf);
  return (targets ?? []).map((target) => {
    const gradient = found.get(target);
    return gradient === undefined ? null : released(gradient);
  });
}

/** Computes one node's gradients and sends them on. */
function differentiate(
  node: TapeNode,
  isNeeded: (edge: Edge) => boolean,
  arrive: (edge: Edge, index: number, gradient: Tensor) => void,
  create: boolean,
): void {
  const { op } = node;
  if (node.freed) {
    throw new Error(
      `backward of ${op.name}: expected a graph that was not used yet but found one freed by an earlier backward; ` +
        "pass retainGraph to that one",
    );
  }
  scope(() => {
    const needs = node.edges.map(isNeeded);
    const restore = (saved: Saved, edge: Edge, index: number) => {
      const tensor = saved.restore(op.name);
      if (create) connect(tensor, edge, index);
      return tensor;
    };
    const inputs = node.inputs.map((input, i): Operand =>
      input instanceof Saved ? restore(input, node.edges[i], node.edgeIndex[i]) : input
    );
    const outputs = node.outputs.map((output, j) =>
      output === null ? null : restore(output, node, j)
    ) as Tensor[];
    const context = { inputs, outputs, specs: node.specs, attributes: node.attributes, needs };
    const compute = () => op.gradient!(context, node.arrived as Tensor[]);
    const gradients = create ? enableGrad(compute) : noGrad(compute);
    gradients.forEach((gradient, i) => {
      if (gradient === null || gradient === undefined || !needs[i]) return;
      if (!sameShape(gradient.shape, node.specs[i].shape)) {
        throw new Error(
          `backward of ${op.name}: expected a gradient of shape ${
            showShape(node.specs[i].shape)
          } but found ` +
            showShape(gradient.shape),
        );
      }
      arrive(node.edges[i], node.edgeIndex[i], gradient);
    });
  });
}

/** Gives a restored tensor its place on the tape again, so that gradients of gradients find it. */
function connect(tensor: Tensor, edge: Edge, index: number): void {
  if (edge instanceof TapeNode) {
    tensor.node = edge.retain();
    tensor.outputIndex = index;
  } else if (edge !== null) {
    tensor.leaf = edge;
    tensor.requiresGrad = true;
  }
}

/** `held + gradient`, written over `held` where nobody else sees it. The result outlives the scopes inside. */
function sum(held: Tensor | null, gradient: Tensor, create: boolean): Tensor {
  if (held === null) {
    const first = owned(gradient.alias());
    if (create) shareNode(gradient, first);
    return first;
  }
  if (!create && held.storage.holders === 1 && held.blocked === gradient.blocked) {
    return noGrad(() => addOp.into([held, gradient]));
  }
  const total = create ? enableGrad(() => addOp([held, gradient])) : noGrad(() => addOp([held, gradient]));
  held.dispose();
  return owned(total);
}

/** Takes a tensor out of its scope: the pass, or the leaf, frees it. */
function owned(tensor: Tensor): Tensor {
  tensor.kept = true;
  return tensor;
}

/** Gives a tensor back to the scope that runs now. */
function released(tensor: Tensor): Tensor {
  tensor.kept = false;
  track(tensor);
  return tensor;
}

function shareNode(from: Tensor, to: Tensor): void {
  to.node = from.node?.retain() ?? null;
  to.outputIndex = from.outputIndex;
}

/** Adds to a leaf's `grad`. */
function gather(leaf: Tensor, gradient: Tensor): Tensor {
  if (!leaf.disposed) leaf.grad = sum(leaf.grad, gradient, false);
  return leaf;
}

/**
 * Copies a leaf's `grad` if it shares its elements: both operands of an addition get one gradient, and clipping one of
 * them in place must not change the other.
 */
function makeOwn(leaf: Tensor): void {
  const shared = leaf.grad;
  if (shared === null || shared.storage.holders === 1) return;
  leaf.grad = owned(noGrad(() => clone(shared)));
  shared.dispose();
}

/** Nodes that lead to `outputs`, newest first. */
function reachable(outputs: readonly Tensor[]): TapeNode[] {
  const seen = new Set<TapeNode>();
  const pending: TapeNode[] = [];
  const visit = (edge: Edge) => {
    if (!(edge instanceof TapeNode) || seen.has(edge)) return;
    seen.add(edge);
    pending.push(edge);
  };
  for (const output of outputs) visit(output.node);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) node.edges.forEach(visit);
  return [...seen].sort((a, b) => b.id - a.id);
}

/** Of nodes listed newest first, those through which some target is reached. */
function neededNodes(nodes: readonly TapeNode[], targets: ReadonlySet<Tensor>): Set<TapeNode> {
  const made = new Map<TapeNode, Set<number>>();
  for (const target of targets) {
    if (target.node === null) continue;
    const indices = made.get(target.node) ?? new Set();
    made.set(target.node, indices.add(target.outputIndex));
  }
  const needed = new Set<TapeNode>();
  for (const node of nodes.toReversed()) {
    const leads = node.edges.some((edge, i) =>
      edge instanceof TapeNode
        ? needed.has(edge) || (made.get(edge)?.has(node.edgeIndex[i]) ?? false)
        : edge !== null && targets.has(edge)
    );
    if (leads) needed.add(node);
  }
  return needed;
}
