/**
 * How an op's graph becomes a kernel: in which types it computes, and what is said where there is no kernel for them.
 *
 * @module
 */
import { type Engine, failsOnWebgpu, GraphBuilder, noteOnHost, type Provider, Session } from "../ort/mod.ts";
import type { DType } from "./dtype.ts";
import { Kernel, numberTypeOf, specOf } from "./kernel.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";

/** Compiles the graph of `op` for these operands; `onHost`: to run on the CPU in whole. */
export function compile(
  op: CompiledOp,
  operands: readonly Operand[],
  attributes: Attributes,
  outputs: readonly Spec[],
  engine: Engine,
  onHost: boolean,
): Kernel {
  const widened = onHost ? HALVES : widenedBy(op, engine.provider);
  const build = (widened: readonly DType[]) =>
    new Draft(op, operands, attributes, outputs, { engine, onHost, widened });
  const draft = build(widened);
  const { provider } = engine;
  // CUDA's provider has kernels of half precision for most operators. Between the nodes of a longer graph too much would
  // be lost to rounding, unless the op says that it is not.
  const mayNarrow = provider === "cuda" && draft.halves && !op.moves;
  if (mayNarrow && widened.length === 0 && (op.halves || draft.g.steps === 1)) {
    try {
      const kernel = draft.compile();
      if (kernel.session.onHost.length === 0) return kernel;
      kernel.release();
    } catch (error) {
      if (!NO_KERNEL.test((error as Error).message)) throw refused(op, draft.specs, provider, error as Error);
    }
  }
  const last = mayNarrow ? build(HALVES) : draft;
  try {
    const kernel = last.compile();
    noteOnHost(provider, op.name, kernel.session.onHost);
    return kernel;
  } catch (error) {
    throw refused(op, last.specs, provider, error as Error);
  }
}

const HALVES: readonly DType[] = ["float16", "bfloat16"];

/** An op's graph for certain operands, before it is compiled. */
class Draft {
  readonly g: GraphBuilder;
  readonly specs: readonly Spec[];
  /** Whether some operand or output is of half precision. */
  readonly halves: boolean;
  readonly #inputCount: number;
  readonly #outputCount: number;
  readonly #numberType: DType;
  readonly #settings: { engine: Engine; sequential?: boolean; onHost: boolean };

  /** `widened` types are computed in float32 and rounded at the end, as PyTorch's kernels do. */
  constructor(
    op: CompiledOp,
    operands: readonly Operand[],
    attributes: Attributes,
    outputs: readonly Spec[],
    { engine, onHost, widened }: { engine: Engine; onHost: boolean; widened: readonly DType[] },
  ) {
    const { provider } = engine;
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
    this.g = g;
    this.specs = specs;
    this.halves = [...specs, ...outputs].some(({ dtype }) => HALVES.includes(dtype));
    this.#inputCount = inputCount;
    this.#outputCount = outputs.length;
    this.#numberType = numberType;
    this.#settings = { engine, sequential: op.sequential, onHost };
  }

  /** Throws ONNX Runtime's message where it has no kernel for a node. */
  compile(): Kernel {
    const { engine, sequential, onHost } = this.#settings;
    const model = this.g.finish();
    const session = new Session(model, this.#inputCount, this.#outputCount, engine, {
      sequential,
      onHost: this.g.hasHostNodes,
    });
    return new Kernel(session, this.#inputCount, this.#numberType, onHost);
  }
}

/** What ONNX Runtime says of a type that an operator has no kernel for, or is not defined in. */
const NO_KERNEL =
  /Could not find an implementation for (\w+)|Provider type for (\w+) node with name|of operator \((\w+)\) in node \(\w*\) is invalid/;

/** The error of a graph that does not compile: a sentence where ONNX Runtime has no kernel for the types. */
function refused(op: CompiledOp, specs: readonly Spec[], provider: Provider, error: Error): Error {
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

/**
 * The types that are computed in float32 on a provider: the CPU's has almost no kernels for half precision, WebGPU's none
 * for bfloat16.
 */
function widenedBy(op: CompiledOp, provider: Provider): readonly DType[] {
  if (op.moves) return [];
  return provider === "cpu" ? HALVES : provider === "webgpu" ? ["bfloat16"] : [];
}
