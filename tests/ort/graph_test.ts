/**
 * Graphs as ONNX Runtime reads them: what the builder writes is loaded and run.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  addressOf,
  bytesOf,
  type ElementType,
  encodeValues,
  GraphBuilder,
  makeValue,
  OrtError,
  releaseValue,
  runtime,
  Session,
} from "../../lib/ort/mod.ts";

/** Runs a model of inputs `x0`, … and one output of `count` float32 elements. */
function run(g: GraphBuilder, inputs: Float32Array<ArrayBuffer>[], shape: number[]): number[] {
  const memory = runtime().hostMemory;
  const output = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const session = new Session(g.finish(), inputs.length, 1);
  const at = (array: Float32Array<ArrayBuffer>) => addressOf(bytesOf(array) as Uint8Array<ArrayBuffer>);
  const values = inputs.map((input) =>
    makeValue(memory, at(input), input.byteLength, "float32", [input.length])
  );
  const result = makeValue(memory, at(output), output.byteLength, "float32", shape);
  try {
    values.forEach((value, i) => session.inputs[i] = BigInt(value));
    session.outputs[0] = BigInt(result);
    session.run();
    return [...output];
  } finally {
    for (const value of [...values, result]) releaseValue(value);
    session.release();
  }
}

const x = Float32Array.of(1, -2, 3);

Deno.test("a graph of two nodes runs", () => {
  const g = new GraphBuilder();
  const y = g.node("Mul", [g.node("Abs", [g.input("x0", "float32")]), g.scalar(0.5)]);
  g.output("y0", y, "float32");
  assertEquals(run(g, [x], [3]), [0.5, 1, 1.5]);
});

Deno.test("attributes keep their kind: ints, floats, lists and texts", () => {
  const g = new GraphBuilder();
  const row = g.node("Reshape", [g.input("x0", "float32"), g.ints([1, 3, 1])]);
  const turned = g.node("Transpose", [row], { perm: [2, 1, 0] });
  const steep = g.node("LeakyRelu", [turned], { alpha: { float: 2 } });
  const gentle = g.node("LeakyRelu", [steep], { alpha: 0.25 });
  const gelu = g.node("Gelu", [g.scalar(0)], { approximate: "tanh" });
  g.output("y0", g.node("Add", [g.node("Flatten", [gentle], { axis: 2 }), gelu]), "float32");
  assertEquals(run(g, [x], [3, 1]), [1, -1, 3]);
});

Deno.test("constants of every type arrive as they were", () => {
  for (
    const type of [
      "float32",
      "float64",
      "float16",
      "bfloat16",
      "int32",
      "int64",
      "uint8",
      "bool",
    ] as ElementType[]
  ) {
    const g = new GraphBuilder();
    g.input("x0", "float32");
    g.output("y0", g.cast(g.values([0, 1, 1], [3], type), "float32"), "float32");
    assertEquals(run(g, [x], [3]), [0, 1, 1], type);
  }
});

Deno.test("equal constants are stored once, initializers always", () => {
  const size = (build: (g: GraphBuilder) => void) => {
    const g = new GraphBuilder();
    build(g);
    return g.finish().length;
  };
  const values = Array.from({ length: 100 }, (_, i) => i);
  const one = size((g) => g.values(values, [100]));
  assertEquals(size((g) => [g.values(values, [100]), g.values(values, [100])]), one);
  assert(size((g) => [g.values(values, [100]), g.values(values, [10, 10])]) > one + 400);
  const bytes = encodeValues(values, "float32");
  assert(
    size((g) => [g.initializer("a", "float32", [100], bytes), g.initializer("b", "float32", [100], bytes)]) >
      one + 400,
  );
});

Deno.test("an output may be an input, a constant, or another output", () => {
  const identity = new GraphBuilder();
  identity.output("y0", identity.input("x0", "float32"), "float32");
  assertEquals(run(identity, [x], [3]), [1, -2, 3]);
  const constant = new GraphBuilder();
  constant.input("x0", "float32");
  constant.output("y0", constant.values([7], [1]), "float32");
  assertEquals(run(constant, [x], [1]), [7]);
});

Deno.test("an optional input is left out with an empty name", () => {
  const g = new GraphBuilder();
  g.output("y0", g.node("Clip", [g.input("x0", "float32"), "", g.scalar(0)]), "float32");
  assertEquals(run(g, [x], [3]), [0, -2, 0]);
});

Deno.test("numbers are rounded to bfloat16 to nearest, ties to even", () => {
  const halves = new Uint16Array(
    encodeValues([1, 1 + 2 ** -8, 1 + 3 * 2 ** -8, -0, Infinity], "bfloat16").slice().buffer,
  );
  assertEquals([...halves], [0x3f80, 0x3f80, 0x3f82, 0x8000, 0x7f80]);
});

Deno.test("a graph that makes no sense is refused in ONNX Runtime's words", () => {
  const g = new GraphBuilder();
  g.output("y0", g.node("NoSuchOperator", [g.input("x0", "float32")]), "float32");
  assertThrows(() => new Session(g.finish(), 1, 1), OrtError, "NoSuchOperator");
  assertThrows(() => new Session(new Uint8Array([1, 2, 3]), 1, 1), OrtError);
});

Deno.test("finish() refuses more nodes than there are names for on the CPU", () => {
  const g = new GraphBuilder(() => true);
  let value = g.input("x0", "float32");
  for (let i = 0; i < 300; i++) value = g.node("Neg", [value]);
  g.output("y0", value, "float32");
  assertThrows(() => g.finish(), Error, "expected at most 256 nodes");
});
