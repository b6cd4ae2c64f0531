/**
 * The base of all layers and models. What a module consists of is found by looking at its properties: parameters and
 * buffers (`parameter.ts`), other modules, and arrays of them, named as in PyTorch by their path. The forward pass runs
 * in a scope, however it is called: what it computes on the way is freed at its end or held by the tape.
 *
 * @module
 */
import type { Device } from "../device/mod.ts";
import { DISPLAY } from "../notebook/mod.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { cloneModule } from "./clone.ts";
import { describeModule, displayModule } from "./describe.ts";
import { callOf, type ForwardHook, type ForwardPreHook, register, wrapForward } from "./hooks.ts";
import { type Members, membersOf, type Named } from "./members.ts";
import { moveTensors } from "./move.ts";
import { type LoadOptions, type LoadReport, loadState } from "./state.ts";

/** What may run in the same call as a layer. */
export type FusedActivation = "relu" | "gelu";

/**
 * A part of a network, or all of it. Subclasses define `forward` and have what they learn as properties.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * class Classifier extends ebb.nn.Module {
 *   hidden = new ebb.nn.Linear(4, 8);
 *   head = new ebb.nn.Linear(8, 3);
 *   override forward(x: ebb.Tensor): ebb.Tensor {
 *     return this.head.forward(ebb.relu(this.hidden.forward(x)));
 *   }
 * }
 *
 * using model = new Classifier();
 * assertEquals(Object.keys(model.stateDict()), ["hidden.weight", "hidden.bias", "head.weight", "head.bias"]);
 * using x = ebb.ones([2, 4]);
 * using y = model.forward(x);
 * assertEquals(y.shape, [2, 3]);
 * ```
 */
export abstract class Module implements Disposable {
  /** Names in the state dictionary of properties that are called otherwise here. */
  static readonly stateNames: Readonly<Record<string, string>> = {};
  /** Whether the module is in training: dropout drops, batch norm takes its batch's statistics. */
  training = true;

  constructor() {
    wrapForward(this);
  }

  /** The forward pass. Its inputs and output are the subclass's to say. */
  // deno-lint-ignore no-explicit-any
  abstract forward(...inputs: any[]): any;

  /** The properties that are looked at, by name; a container gives its items instead. */
  protected properties(): Iterable<readonly [string, unknown]> {
    return Object.entries(this);
  }

  /** A layer's sizes and settings, as {@link toString} shows them. */
  describe(): string {
    return "";
  }

  /**
   * The forward pass and an activation behind it in one call, for layers that have one. A container may take it where
   * nobody needs the value in between: neither hooks nor a subclass.
   */
  fused(_activation: FusedActivation): ((x: Tensor) => Tensor) | null {
    return null;
  }

  /** Whether the forward pass is that of class `kind`: no subclass's, not replaced, and no hook waits for it. */
  isPlain(kind: new (...options: never[]) => Module): boolean {
    const { hooks, preHooks, forward } = callOf(this);
    return this.constructor === kind && this.forward === forward && hooks.length + preHooks.length === 0;
  }

  /** The parameters, buffers and modules that this module has itself, under the names of the state dictionary. */
  members(): Members {
    const { stateNames } = this.constructor as typeof Module;
    const named = [...this.properties()].map(([name, value]) => [stateNames[name] ?? name, value] as const);
    return membersOf(named);
  }

  /** The modules that this one has itself. */
  children(): Module[] {
    return this.members().children.map(([, child]) => child);
  }

  /** This module and all inside it, by name, each once; its own name is empty. */
  namedModules(): [string, Module][] {
    const seen = new Map<Module, string>();
    const visit = (name: string, module: Module) => {
      if (seen.has(module)) return;
      seen.set(module, name);
      for (const [child, inner] of module.members().children) visit(joined(name, child), inner);
    };
    visit("", this);
    return [...seen].map(([module, name]) => [name, module]);
  }

  /** This module and all inside it. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** All parameters by name, each once: a module's own before those inside it. */
  namedParameters(): [string, Tensor][] {
    return once(this.namedModules().flatMap(([name, module]) => under(name, module.members().parameters)));
  }

  /** All parameters, each once. */
  parameters(): Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  /** All buffers by name, each once. */
  namedBuffers(): [string, Tensor][] {
    return once(this.namedModules().flatMap(([name, module]) => under(name, module.members().buffers)));
  }

  /** All buffers, each once. */
  buffers(): Tensor[] {
    return this.namedBuffers().map(([, tensor]) => tensor);
  }

  /**
   * Parameters and buffers by their full names, as PyTorch names them. They are the module's own tensors, not copies; a
   * tensor in two places has both names.
   *
   * @throws {Error} when two have one name.
   */
  stateDict(): Record<string, Tensor> {
    const dict: Record<string, Tensor> = {};
    const visit = (prefix: string, module: Module) => {
      const { parameters, buffers, children } = module.members();
      for (const [name, tensor] of [...parameters, ...buffers]) {
        const full = joined(prefix, name);
        if (full in dict) throw new Error(`stateDict: expected names to differ but found "${full}" twice`);
        dict[full] = tensor;
      }
      for (const [name, child] of children) visit(joined(prefix, name), child);
    };
    visit("", this);
    return dict;
  }

  /**
   * Copies tensors into the parameters and buffers of the same names. All of it or, on an error, nothing.
   *
   * @param dict as {@link stateDict} or `load` gives it; the tensors stay the caller's
   * @param options `strict` (default true): whether names must agree; shapes always must
   * @returns the names that were missing and those that were not expected.
   * @throws {Error} when names or shapes differ: a sentence that lists them.
   */
  loadStateDict(dict: Record<string, Tensor>, options: LoadOptions = {}): LoadReport {
    return loadState(this.constructor.name, this.stateDict(), dict, options);
  }

  /** Goes into training, or with `mode` false out of it, with all modules inside. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  /** Goes into evaluation with all modules inside. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Moves parameters and buffers to a device, or takes floating ones to another floating type. The tensors stay the same
   * handles; gradients are forgotten.
   */
  to(target: Device | DType): this {
    moveTensors([...this.parameters(), ...this.buffers()], target);
    return this;
  }

  /** Makes all parameters gather gradients, or stop to. */
  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad = requiresGrad;
    return this;
  }

  /** Forgets the gradients of all parameters. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) {
      parameter.grad?.dispose();
      parameter.grad = null;
    }
  }

  /**
   * Has `hook` called after every forward pass of this module; what it returns, unless nothing, replaces the output. To
   * hold on to a tensor that it sees, `keep` it or a `detach` of it.
   *
   * @returns a function that ends it.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import * as ebb from "@ebb/ebb";
   *
   * using layer = new ebb.nn.Linear(3, 2);
   * const shapes: unknown[] = [];
   * const end = layer.registerForwardHook((_, [x], y) => void shapes.push((x as ebb.Tensor).shape, (y as ebb.Tensor).shape));
   * using x = ebb.ones([4, 3]);
   * layer.forward(x).dispose();
   * end();
   * assertEquals(shapes, [[4, 3], [4, 2]]);
   * ```
   */
  registerForwardHook(hook: ForwardHook): () => void {
    return register(callOf(this).hooks, hook);
  }

  /** Has `hook` called before every forward pass; an array that it returns replaces the inputs. Returns what ends it. */
  registerForwardPreHook(hook: ForwardPreHook): () => void {
    return register(callOf(this).preHooks, hook);
  }

  /**
   * Another module of the same kind with copies of all parameters and buffers; what was shared inside is shared inside.
   * Gradients, hooks and optimizers stay with this one. Subclasses whose `forward` reads fields that only their
   * constructor can make (`#private` ones) cannot be cloned.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import * as ebb from "@ebb/ebb";
   *
   * using model = ebb.models.mlp({ sizes: [4, 8, 2] });
   * using copy = model.clone();
   * using x = ebb.ones([3, 4]);
   * using y = model.forward(x);
   * using z = copy.forward(x);
   * assertEquals(z.toArray(), y.toArray());
   * ```
   */
  clone(): this {
    return cloneModule(this);
  }

  /** Frees all parameters and buffers, with their gradients. */
  dispose(): void {
    for (const tensor of [...this.parameters(), ...this.buffers()]) tensor.dispose();
  }

  /** `using model = …` frees at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The modules inside as a tree, with settings, shapes and numbers of parameters. */
  toString(): string {
    return describeModule(this);
  }

  /** What Deno shows of it. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What a notebook shows of it: a table. */
  [DISPLAY](): Record<string, string> {
    return displayModule(this);
  }
}

function joined(prefix: string, name: string): string {
  return prefix === "" ? name : `${prefix}.${name}`;
}

function under(prefix: string, members: readonly Named[]): Named[] {
  return members.map(([name, tensor]) => [joined(prefix, name), tensor]);
}

/** Without those that came before under another name. */
function once(named: readonly Named[]): [string, Tensor][] {
  const seen = new Map<Tensor, string>();
  for (const [name, tensor] of named) if (!seen.has(tensor)) seen.set(tensor, name);
  return [...seen].map(([tensor, name]) => [name, tensor]);
}
