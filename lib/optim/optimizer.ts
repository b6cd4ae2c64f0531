/**
 * What all optimizers share: parameter groups with settings of their own, which parameters are updated together, and
 * the state that a checkpoint keeps. An optimizer itself is one op and the numbers that it is called with.
 *
 * @module
 */
import { isFloating } from "../tensor/dtype.ts";
import { inPhase } from "../tensor/observe.ts";
import { scope } from "../tensor/scope.ts";
import { noGrad } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Bucket, type Entry, makeBuckets, newEntries } from "./bucket.ts";
import { asVector } from "./flat.ts";
import { type OptimizerState, readState, writeState } from "./state.ts";

/** Settings that every optimizer has. */
export interface CommonOptions {
  /** Learning rate. */
  lr: number;
}

/** Parameters, and where their settings differ from the optimizer's. */
export type ParameterGroup<O> = { params: Iterable<Tensor> } & Partial<O>;

/** What an optimizer is made for: tensors, or groups of them. */
export type Parameters<O> = Iterable<Tensor> | Iterable<ParameterGroup<O>>;

/** A group as the optimizer holds it. Its options may be changed between steps. */
export interface Group<O> {
  /** The parameters. */
  readonly params: readonly Tensor[];
  /** Settings of this group. */
  readonly options: O;
}

/** An update: what is changed, what is remembered, and the gradients. */
export interface Update<O> {
  /** The parameters' elements, as a vector; changed in place. */
  values: Tensor;
  /** The optimizer's vectors, as long; changed in place. */
  state: readonly Tensor[];
  /** A 16-bit parameter, which takes the rounded values; null for others. */
  half: Tensor | null;
  /** Gradients as vectors, one a slot. */
  gradients: readonly Tensor[];
  /** Elements between the slots. */
  gaps: readonly number[];
  /** Number of this update, from 1. */
  step: number;
  options: O;
}

/**
 * An optimizer: `step()` changes the parameters by their gradients, `zeroGrad()` forgets those. Parameters without a
 * gradient are left alone, and what is remembered of them too.
 *
 * An update is one runtime call for many parameters: small float32 parameters move into common storages at the first
 * step (`bucket.ts`). Handles stay valid; only where another tensor shares a parameter's bytes, it stays in its place.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using layer = new ebb.nn.Linear(2, 1);
 * using unused = ebb.ones([2], { requiresGrad: true });
 * using optimizer = new ebb.optim.AdamW([
 *   { params: [layer.weight, unused] },
 *   { params: [layer.bias!], weightDecay: 0 },
 * ], { lr: 0.01, weightDecay: 0.1 });
 * assertEquals(optimizer.groups.map(({ options }) => options.weightDecay), [0.1, 0]);
 * using x = ebb.ones([4, 2]);
 * ebb.scope(() => layer.forward(x).sum().backward());
 * optimizer.step();
 * assertEquals(unused.toArray(), [1, 1]); // without a gradient it does not even decay
 * ```
 */
export abstract class Optimizer<O extends CommonOptions> implements Disposable {
  /** The parameters with their settings. */
  readonly groups: readonly Group<O>[];
  readonly #name: string;
  readonly #buckets: Bucket[][];

  constructor(name: string, parameters: Parameters<O>, defaults: O) {
    this.#name = name;
    this.groups = groupsOf(name, parameters, defaults);
    this.#buckets = this.groups.map(() => []);
  }

  /** Names of the vectors that are remembered under these settings, in order. */
  protected abstract vectors(options: O): readonly string[];

  /** Changes `values` and `state` in place: one call. */
  protected abstract update(update: Update<O>): void;

  /** Throws a sentence if a setting is out of range. */
  protected abstract check(options: O): void;

  /** Learning rate of the first group; setting it sets that of all groups. */
  get lr(): number {
    return this.groups[0].options.lr;
  }

  set lr(value: number) {
    checkRange(this.#name, "lr", value, 0);
    for (const { options } of this.groups) options.lr = value;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const { params } of this.groups) {
      for (const parameter of params) {
        parameter.grad?.dispose();
        parameter.grad = null;
      }
    }
  }

  /**
   * Updates every parameter that has a gradient.
   *
   * @throws {Error} when a parameter was freed, or a setting is out of range.
   */
  step(): void {
    const update = () => scope(() => this.groups.forEach((group, index) => this.#stepGroup(group, index)));
    noGrad(() => inPhase("optimizer", update));
  }

  /** What a run needs to go on bit-identically, copied to the host: settings, and what is remembered of each parameter. */
  stateDict(): OptimizerState {
    const known = (group: Group<O>, i: number) => ({
      ...group,
      vectors: this.vectors(group.options),
      entries: entriesOf(this.#buckets[i]),
    });
    return noGrad(() => scope(() => writeState(this.#name, this.groups.map(known))));
  }

  /**
   * Takes over what {@link stateDict} of an optimizer of the same kind and parameters gave.
   *
   * @throws {Error} when kind, number or sizes of parameters differ; nothing is changed then.
   */
  loadStateDict(state: OptimizerState): void {
    const made: Bucket[][] = [];
    noGrad(() =>
      scope(() => {
        const read = readState(this.#name, this.groups, (options) => this.vectors(options), state);
        try {
          read.forEach(({ options, entries }, i) => {
            this.check(options);
            made.push(makeBuckets(entries, this.vectors(options).length, this.#buckets[i]));
          });
        } catch (error) {
          for (const bucket of made.flat()) bucket.dispose();
          throw error;
        }
        this.dispose();
        made.forEach((buckets, i) => {
          Object.assign(this.groups[i].options, read[i].options);
          this.#buckets[i] = buckets;
        });
      })
    );
  }

  /** Frees what is remembered. The parameters stay. */
  dispose(): void {
    for (const buckets of this.#buckets) for (const bucket of buckets.splice(0)) bucket.dispose();
  }

  /** `using optimizer = …` frees at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Kind, settings and number of parameters. */
  toString(): string {
    const groups = this.groups.map(({ params, options }) => {
      const settings = Object.entries(options).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
      return `${params.length} parameters, ${settings.join(", ")}`;
    });
    return `${this.#name}(${groups.join("; ")})`;
  }

  #stepGroup({ params, options }: Group<O>, index: number): void {
    this.check(options);
    checkLive(this.#name, params);
    this.#settle(params, index, this.vectors(options).length);
    for (const bucket of this.#buckets[index]) {
      const [{ parameter }] = bucket.slots;
      if (parameter.grad === null) continue; // then no other in the bucket has one
      this.update({
        values: bucket.values,
        state: bucket.state,
        half: bucket.master ? asVector(parameter) : null,
        gradients: bucket.slots.map(({ parameter, from, size }) => gradientOf(parameter, from, size)),
        gaps: bucket.gaps,
        step: bucket.steps + 1,
        options,
      });
      bucket.steps++;
    }
  }

  /**
   * Sees to it that the parameters of a bucket all have a gradient or all have none, and lie where it says. What was
   * updated together once but no longer is goes separate ways, so that every bucket has one count of steps.
   */
  #settle(params: readonly Tensor[], index: number, vectors: number): void {
    const buckets = this.#buckets[index];
    const present = ({ parameter }: { parameter: Tensor }) => parameter.grad !== null;
    const torn = buckets.filter((bucket) =>
      bucket.stale || bucket.state.length !== vectors ||
      (bucket.slots.some(present) && !bucket.slots.every(present))
    );
    const known = new Set(buckets.flatMap(({ slots }) => slots.map(({ parameter }) => parameter)));
    const fresh = params.filter((parameter) =>
      parameter.grad !== null && parameter.size > 0 && !known.has(parameter)
    );
    if (torn.length === 0 && fresh.length === 0) return;
    const made = makeBuckets([...entriesOf(torn), ...fresh.flatMap(newEntries)], vectors, torn);
    this.#buckets[index] = [...buckets.filter((bucket) => !torn.includes(bucket)), ...made];
    for (const bucket of torn) bucket.dispose();
  }
}

/** Throws a sentence unless `value` is a number from `low` to before `high`. */
export function checkRange(
  optimizer: string,
  setting: string,
  value: number,
  low: number,
  high = Infinity,
): void {
  if (typeof value === "number" && value >= low && value < high) return;
  const range = high === Infinity ? `of at least ${low}` : `from ${low} to below ${high}`;
  throw new RangeError(`${optimizer}: expected ${setting} to be a number ${range} but found ${value}`);
}

function entriesOf(buckets: readonly Bucket[]): Entry[] {
  return buckets.flatMap((bucket) => bucket.slots.map((_, i) => bucket.entry(i)));
}

/** A piece of a gradient as a vector. */
function gradientOf(parameter: Tensor, from: number, size: number): Tensor {
  const vector = asVector(parameter.grad!);
  if (size === vector.size) return vector;
  return vector.alias([size], vector.offset + from * (vector.bytes / vector.size));
}

function groupsOf<O>(name: string, parameters: Parameters<O>, defaults: O): Group<O>[] {
  const listed = [...parameters];
  const groups = listed.every((item) => item instanceof Tensor)
    ? [{ params: listed, options: { ...defaults } }]
    : (listed as ParameterGroup<O>[]).map(({ params, ...options }) => ({
      params: [...params ?? []],
      options: { ...defaults, ...options },
    }));
  const seen = new Set<Tensor>();
  for (const parameter of groups.flatMap(({ params }) => params)) {
    if (!(parameter instanceof Tensor)) {
      throw new TypeError(`${name}: expected parameters to be tensors but found ${typeof parameter}`);
    }
    if (parameter.node !== null || !isFloating(parameter.dtype)) {
      throw new TypeError(
        `${name}: expected parameters to be leaves of a floating type but found ${parameter}`,
      );
    }
    if (seen.has(parameter)) {
      throw new Error(`${name}: expected each parameter once but found ${parameter} twice`);
    }
    seen.add(parameter);
  }
  if (seen.size === 0) throw new Error(`${name}: expected parameters but found none`);
  return groups;
}

function checkLive(name: string, params: readonly Tensor[]): void {
  const freed = params.find((parameter) => parameter.disposed);
  if (freed) throw new Error(`${name}: expected live parameters but found ${freed}`);
}
