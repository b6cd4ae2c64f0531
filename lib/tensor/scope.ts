/**
 * Lifetimes: a scope frees every tensor made inside it that is not returned or kept. What the tape saved for a backward
 * pass is held by the tape, so a scope may end before `backward`. Outside of any scope a tensor lives until `dispose`,
 * `using`, or, as a backstop that warns, the garbage collector.
 *
 * @module
 */
import type { Storage } from "../device/mod.ts";
import { jupyter } from "../notebook/mod.ts";
import type { Tensor } from "./tensor.ts";

let current: Tensor[] | null = null;

/** Puts a new tensor into the innermost scope. */
export function track(tensor: Tensor): void {
  if (current !== null) current.push(tensor);
  else guard(tensor);
}

/**
 * Runs `fn` and frees every tensor made inside it, except those that it returns (alone, in arrays, maps, sets or plain
 * objects) and those given to {@link keep}. Returned tensors belong to the scope around.
 *
 * @throws {TypeError} when `fn` is asynchronous: other code would run in between and its tensors be freed. Use
 * `using` there, or scopes between the awaits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using y = ebb.scope(() => {
 *   const x = ebb.tensor([1, 2, 3]); // freed at the end of the scope
 *   return x.square().sum();
 * });
 * assertEquals(y.item(), 14);
 * ```
 */
export function scope<T>(fn: () => T): T {
  const outer = current;
  const made: Tensor[] = [];
  current = made;
  let result: T | undefined;
  try {
    result = fn();
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new TypeError("scope: expected a synchronous function but found one that returns a promise");
    }
  } catch (error) {
    current = outer;
    for (const tensor of made) tensor.dispose();
    throw error;
  }
  current = outer;
  const kept = new Set<Tensor>();
  collect(result, kept, 0);
  for (const tensor of made) {
    if (kept.has(tensor)) track(tensor);
    else if (!tensor.kept) tensor.dispose();
  }
  return result as T;
}

/**
 * Takes a tensor out of all scopes: it lives until `dispose`.
 *
 * @returns the tensor itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const means = new Map<string, ebb.Tensor>();
 * ebb.scope(() => void means.set("a", ebb.keep(ebb.tensor([1, 3]).mean())));
 * assertEquals(means.get("a")?.item(), 2);
 * means.get("a")?.dispose();
 * ```
 */
export function keep<T extends Tensor>(tensor: T): T {
  if (!tensor.kept) {
    tensor.kept = true;
    guard(tensor);
  }
  return tensor;
}

/**
 * Frees a tensor now if the innermost scope would free it at its end: for a value in a chain of layers that nobody reads
 * any more, so that memory does not wait for the end of the chain.
 */
export function discard(tensor: Tensor): void {
  if (current === null || tensor.kept) return;
  const index = current.lastIndexOf(tensor);
  if (index < 0) return;
  current[index] = current[current.length - 1];
  current.pop();
  tensor.dispose();
}

/** Tensors reachable from a returned value; deep structures are a model's business, which keeps its own. */
function collect(value: unknown, into: Set<Tensor>, depth: number): void {
  if (typeof value !== "object" || value === null || depth > 4) return;
  if (isTensor(value)) {
    into.add(value);
  } else if (Array.isArray(value) || value instanceof Set) {
    for (const item of value) collect(item, into, depth + 1);
  } else if (value instanceof Map) {
    for (const item of value.values()) collect(item, into, depth + 1);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collect(item, into, depth + 1);
  }
}

/** Marks tensors without importing their class, which imports this file. */
export const TENSOR: unique symbol = Symbol("ebb.tensor");

function isTensor(value: object): value is Tensor {
  return TENSOR in value;
}

/** What a collected tensor held. */
interface Holds {
  storage: Storage;
  node: { release(): void } | null;
}

const held = new WeakMap<Tensor, Holds>();
/** After how many the warning comes: a notebook's cells show values that nobody holds. */
const [MANY, MANY_IN_NOTEBOOK] = [1, 200];
let freed = 0;

const collected = new FinalizationRegistry<Holds>(({ storage, node }) => {
  node?.release();
  storage.release();
  if (++freed !== (jupyter() === undefined ? MANY : MANY_IN_NOTEBOOK)) return;
  console.warn(
    "ebb: a tensor was freed by the garbage collector, which comes late: in a loop memory grows. " +
      "Use scope(), using or dispose().",
  );
});

/** Registers a tensor that no scope will free with the backstop. */
function guard(tensor: Tensor): void {
  if (held.has(tensor)) return; // twice registered would be twice released
  const holds = { storage: tensor.storage, node: tensor.node };
  held.set(tensor, holds);
  collected.register(tensor, holds, tensor);
}

/** Tells the backstop which node a tensor came to hold. */
export function guardNode(tensor: Tensor): void {
  const holds = held.get(tensor);
  if (holds) holds.node = tensor.node;
}

/** Tells the backstop which bytes a tensor went over to. */
export function guardStorage(tensor: Tensor): void {
  const holds = held.get(tensor);
  if (holds) holds.storage = tensor.storage;
}

/** Takes a freed tensor out of the backstop. */
export function unguard(tensor: Tensor): void {
  if (held.delete(tensor)) collected.unregister(tensor);
}
