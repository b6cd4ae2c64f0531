/**
 * How an op's graph becomes a kernel: in which types it computes, and what is said where there is no kernel for them.
 *
 * @module
 */
import { type Engine, failsOnWebgpu, GraphBuilder, noteOnHost, type Provider, Session } from "../ort/mod.ts";
import type { DType } from "./dtype.ts";
import { type Form, isTensor, Kernel, numberTypeOf, specOf } from "./kernel.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";

/** Compiles the graph of `op` for these operands, in the form that serves them best, or in a given one. */
export function compile(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Spec[],
  engine: Engine,
  form?: "wide" | "host",
): Kernel {
  const draft = (form: Form) => new Draft(op, operands, attributes, outputs, engine, form);
  if (form === undefined && engine.provider === "cuda" && !op.moves && anyHalf(operands, outputs)) {
    const narrow = draft("narrow");
    // CUDA's provider has kernels of half precision for most operators. Between the nodes of a longer graph too much
    // would be lost to rounding, unless the op says that it is not.
    if (op.halves || narrow.g.steps === 1) {
      const kernel = compiled(narrow, NO_KERNEL);
      if (kernel?.session.onHost.length === 0) return kernel;
      kernel?.release();
    }
    form = "wide";
  }
  const kernel = compiled(draft(form ?? "plain"))!;
  noteOnHost(engine.provider, op.name, kernel.session.onHost);
  return kernel;
}

/** Whether some operand or output is of half precision. */
function anyHalf(operands: readonly Operand[], outputs: readonly Spec[]): boolean {
  return [...operands.filter(isTensor), ...outputs].some(({ dtype }) => HALVES.includes(dtype));
}

/** The kernel of a draft; undefined where ONNX Runtime refuses with a message that is allowed for. */
function compiled(draft: Draft, allowed?: RegExp): Kernel | undefined {
  try {
    return draft.compile();
  } catch (error) {
    const { message } = error as Error;
    if (allowed?.test(message)) return undefined;
    throw refused(draft, error as Error);
  }
}

const HALVES: readonly DType[] = ["float16", "bfloat16"];
/**
 * The types that are computed in float32 on a provider: the CPU's has almost no kernels for half precision, WebGPU's none
 * for bfloat16.
 */
const WIDENED: Readonly<Record<Provider, readonly DType[]>> = { cpu: HALVES, webgpu: ["bfloat16"], cuda: [] };

/** An op's graph for certain operands, before it is compiled. */
class Draft {
  readonly op: CompiledOp;
  readonly engine: Engine;
  readonly g: GraphBuilder;
  readonly specs: readonly Spec[];
  readonly #inputCount: number;
  readonly #outputCount: number;
  readonly #numberType: DType;
  readonly #form: Form;

  /** Types that the form computes in float32 are rounded at the end, as PyTorch's kernels do. */
  constructor(
    op: CompiledOp,
    operands: readonly Operand[],
    attributes: Attributes,
    outputs: readonly Spec[],
    engine: Engine,
    form: Form,
  ) {
    const { provider } = engine;
    const onHost = form === "host";
    const widened = form === "narrow" ? [] : form === "plain" ? WIDENED[provider] : HALVES;
    const g = new GraphBuilder(onHost ? () => true : provider === "webgpu" ? failsOnWebgpu : undefined);
    const computed = (dtype: DType) => !op.moves && widened.includes(dtype) ? "float32" : dtype;
    const numberType = computed(numberTypeOf(operands));
    const specs = operands.map((operand) => specOf(operand, numberType));
    let inputCount = 0;
    const inputs = operands.map((operand, i) => {
      if (operand === null) return "";
      const { dtype } = specs[i];
      const input = g.input(`x${inputCount++}`, dtype);
      return computed(dtype) === dtype ? input : g.cast(input, computed(dtype));
    });
    // A graph that serves every size must not look at one.
    const open = ({ dtype, shape, blocked }: Spec): Spec => ({
      dtype: computed(dtype),
      blocked,
      shape: op.shaped ? shape : shape.map(() => NaN),
    });
    const context = {
      attributes,
      inputs: specs.map(open),
      outputs: outputs.map(open),
      provider: onHost ? "cpu" as const : provider,
    };
    op.graph(g, inputs, context).forEach((value, j) => {
      const { dtype } = outputs[j];
      g.output(`y${j}`, computed(dtype) === dtype ? value : g.cast(value, dtype), dtype);
    });
    this.op = op;
    this.engine = engine;
    this.g = g;
    this.specs = specs;
    this.#inputCount = inputCount;
    this.#outputCount = outputs.length;
    this.#numberType = numberType;
    this.#form = form;
  }

  /** Throws ONNX Runtime's message where it has no kernel for a node. */
  compile(): Kernel {
    const session = new Session(this.g.finish(), this.#inputCount, this.#outputCount, this.engine, {
      sequential: this.op.sequential,
      onHost: this.g.hasHostNodes,
    });
    return new Kernel(session, this.#inputCount, this.#numberType, this.#form);
  }
}

/** What ONNX Runtime says of a type that an operator has no kernel for, or is not defined in. */
const NO_KERNEL =
  /Could not find an implementation for (\w+)|Provider type for (\w+) node with name|of operator \((\w+)\) in node \(\w*\) is invalid/;

/** The error of a graph that does not compile: a sentence where ONNX Runtime has no kernel for the types. */
function refused({ op, specs, engine: { provider } }: Draft, error: Error): Error {
  const found = NO_KERNEL.exec(error.message);
  if (found === null) return error;
  const node = found[1] ?? found[2] ?? found[3];
  const types = new Set(specs.map(({ dtype }) => dtype));
  return new TypeError(
    `${op.name}: expected types in which ONNX Runtime computes ${node} on ${provider} but found ` +
      `${[...types].join(", ")}; use to()`,
    { cause: error },
  );
}
