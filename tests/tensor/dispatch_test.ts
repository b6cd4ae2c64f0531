/**
 * How an op runs: what it refuses before it runs, what it leaves when it fails, who is told, what is compiled.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { defineOp, ops } from "../../lib/tensor/op.ts";
import { leakFree } from "../leak.ts";

function test(name: string, fn: () => void): void {
  Deno.test(name, () => leakFree(() => ebb.scope(fn)));
}

test("operands on two devices are refused", () => {
  const a = ebb.ones([2]);
  const b = ebb.ones([2], { device: ebb.cpu({ budget: "1 MiB" }) });
  const c = ebb.ones([2], { device: ebb.cpu() });
  assertThrows(
    () => a.add(b),
    Error,
    "add: expected all operands on one device but found cpu and cpu (1 MiB)",
  );
  assertThrows(() => a.add(c), Error, "found cpu and cpu (two devices of that kind)");
});

test("operands of two types are refused", () => {
  const a = ebb.ones([2]);
  const b = ebb.ones([2], { dtype: "int64" });
  assertThrows(
    () => a.add(b),
    TypeError,
    "add: expected operands of one type but found float32 and int64; use to()",
  );
});

test("an operand that is no tensor is refused", () => {
  const a = ebb.ones([2, 2]);
  assertThrows(() => a.add("1" as never), TypeError, "add: expected");
  assertThrows(() => a.add(undefined as never), TypeError, "add: expected");
  assertThrows(() => ebb.add(1, 2), TypeError, "add: expected a tensor but found none");
});

test("a type that ONNX Runtime has no kernel for is refused in a sentence", () => {
  assertThrows(
    () => ebb.ones([2, 2], { dtype: "float64" }).erf(),
    TypeError,
    "erf: expected types in which ONNX Runtime computes Erf on cpu but found float64; use to()",
  );
  assertEquals(ebb.ones([2]).add(1).toArray(), [2, 2]);
});

test("ops on empty tensors run nothing and have the right shape", () => {
  const x = ebb.zeros([0, 3]);
  assertEquals(x.matmul(ebb.zeros([3, 4])).shape, [0, 4]);
  assertEquals(x.sum(0).toArray(), [0, 0, 0]);
  assertEquals(x.sum().item(), 0);
});

test("an observer sees each op with its storages, before and after", () => {
  const seen: string[] = [];
  const x = ebb.ones([4]);
  const stop = ebb.observeOps({
    before: (op, inputs) => seen.push(`before ${op} ${inputs.map(({ bytes }) => bytes)}`),
    after: (op, inputs, outputs) =>
      seen.push(`after ${op} ${inputs.length} ${outputs.map(({ bytes }) => bytes)}`),
  });
  x.mul(x).sum();
  stop();
  x.mul(2);
  assertEquals(seen, ["before mul 16,16", "after mul 2 16", "before sum 16", "after sum 1 4"]);
});

test("one compiled graph serves all sizes of a type and rank", () => {
  const kernels = () => ops.get("mul")!.kernels.get("cpu")!.size;
  const square = (shape: number[]) => ebb.scope(() => void ebb.mul(ebb.ones(shape), ebb.ones(shape)));
  square([2, 3]);
  const before = kernels();
  square([5, 1]);
  square([1, 1]);
  assertEquals(kernels(), before);
  square([1, 1, 1]);
  assertEquals(kernels(), before + 1);
});

/** x + n, a graph of its own for each n. */
const plus = defineOp<[ebb.Tensor], { n: number }>({
  name: "plus",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x], { attributes: { n }, inputs: [{ dtype }] }) => [g.node("Add", [x, g.scalar(n, dtype)])],
});

test("of very many compiled graphs those go that were not used for long", () => {
  const kernels = plus.record.kernels;
  const x = ebb.ones([2]);
  for (let n = 0; n < 1500; n++) {
    ebb.scope(() => {
      assertEquals(plus([x], { n }).data()[1], n + 1);
      plus([x], { n: 0 });
    });
  }
  const count = kernels.get("cpu")!.size;
  assert(count <= 1024 && count > 500, `${count} are kept`);
  const keys = [...kernels.get("cpu")!.keys()].join("\n");
  assert(keys.includes('{"n":0}') && keys.includes('{"n":1499}') && !keys.includes('{"n":1}'));
  assertEquals(plus([x], { n: 1 }).data()[0], 2);
});

test("outputs that do not fit leave nothing, and the device goes on", () => {
  const device = ebb.cpu({ budget: "1 MiB" });
  const x = ebb.ones([1 << 10, 1], { device });
  const error = assertThrows(() => x.add(ebb.ones([1, 1 << 10], { device })), ebb.OutOfMemoryError);
  assert(
    /expected room for 4 MiB within a budget of 1 MiB but found .* live and .* cached/.test(error.message),
    error.message,
  );
  assertEquals(error.requestedBytes, 1 << 22);
  assertEquals(device.memory().storages, 2);
  assertEquals(x.sum().item(), 1 << 10);
});

/** Five nodes after another whose results ONNX Runtime cannot do without. */
const tower = defineOp<[ebb.Tensor]>({
  name: "tower",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x]) => {
    const sine = g.node("Sin", [x]);
    const cosine = g.node("Cos", [x]);
    return [g.node("Sub", [g.node("Mul", [sine, sine]), g.node("Mul", [cosine, cosine])])];
  },
});

test("temporaries inside an op count towards the peak", () => {
  const device = ebb.cpu();
  const bytes = 4 << 20;
  const x = ebb.zeros([1 << 20], { device });
  tower([x]);
  const { peakBytes, liveBytes } = device.memory();
  assertEquals(liveBytes, 2 * bytes);
  assert(peakBytes >= 4 * bytes, `a peak of ${peakBytes} bytes, of which ${2 * bytes} are no temporaries`);
});

test("temporaries that do not fit the budget fail the op and leave nothing", () => {
  const device = ebb.cpu({ budget: "9 MiB" });
  const x = ebb.zeros([1 << 20], { device });
  assertThrows(() => tower([x]), ebb.OutOfMemoryError, "tower (temporaries): cpu (9 MiB): expected room for");
  const { storages, liveBytes, peakBytes } = device.memory();
  assertEquals([storages, liveBytes], [1, 4 << 20]);
  assert(peakBytes <= 9 << 20);
  assertEquals(x.add(1).sum().item(), 1 << 20);
});

test("an output whose shape rule is wrong is refused by ONNX Runtime, under the op's name", () => {
  const wrong = defineOp<[ebb.Tensor]>({
    name: "wrong",
    infer: ([x]) => [{ dtype: x.dtype, shape: [x.shape[0] + 1] }],
    graph: (g, [x]) => [g.node("Neg", [x])],
  });
  assertThrows(() => wrong([ebb.ones([3])]), Error, "wrong: ");
});

test("a gradient is not lost in silence through an op that has none", () => {
  const x = ebb.ones([2], { requiresGrad: true });
  assertThrows(() => tower([x]), Error, "tower: expected operands that need no gradient, as it has none");
  assertEquals(ebb.noGrad(() => tower([x])).requiresGrad, false);
});

test("a record whose number of outputs varies without its attributes saying so is refused", () => {
  const pieces = defineOp<[ebb.Tensor, readonly number[]]>({
    name: "pieces",
    infer: ([x, sizes]) => sizes.map((size) => ({ dtype: x.dtype, shape: [size] })),
    graph: (g, [x, sizes], { outputs }) => g.nodes("Split", outputs.length, [x, sizes], { axis: 0 }),
  });
  const x = ebb.ones([6]);
  assertEquals(pieces.all([x, [1, 2, 3]]).length, 3);
  assertThrows(
    () => pieces.all([x, [3, 3]]),
    Error,
    "pieces: expected 3 outputs, as the last time, but found 2",
  );
});
