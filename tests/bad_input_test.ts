/**
 * Bad input, one row a case: a sentence that names the function, what was expected and what was found; nothing left
 * behind; everything usable afterwards.
 *
 * @module
 */
import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import * as ebb from "../mod.ts";
import { leakFree } from "./leak.ts";

type Case = [name: string, message: RegExp, fn: () => unknown];

const logits = () => ebb.zeros([4, 3]);
const labels = (values: number[]) => ebb.tensor(values, { dtype: "int64" });

const cases: Case[] = [
  [
    "shapes that do not multiply",
    /^matmul: expected .*64, 128.*64, 10/,
    () => ebb.matmul(ebb.zeros([64, 128]), ebb.zeros([64, 10])),
  ],
  [
    "shapes that do not broadcast",
    /^add: expected shapes that broadcast but found \[2, 3\] and \[4\]/,
    () => ebb.add(ebb.zeros([2, 3]), ebb.zeros([4])),
  ],
  [
    "a filter for other channels",
    /^conv2d: expected .*\[1, 3, 8, 8\].*\[4, 2, 3, 3\]/,
    () => ebb.conv2d(ebb.zeros([1, 3, 8, 8]), ebb.zeros([4, 2, 3, 3])),
  ],
  [
    "a filter larger than the image",
    /^conv2d: expected a window that fits .*span of 5/,
    () => ebb.conv2d(ebb.zeros([1, 1, 3, 3]), ebb.zeros([1, 1, 5, 5])),
  ],
  [
    "filters for signals of other channels",
    /^conv1d: expected signals .*\[1, 3, 8\].*\[4, 2, 3\]/,
    () => ebb.conv1d(ebb.zeros([1, 3, 8]), ebb.zeros([4, 2, 3])),
  ],
  [
    "a filter longer than the signal",
    /^conv1d: expected a window that fits .*span of 5/,
    () => ebb.conv1d(ebb.zeros([1, 1, 3]), ebb.zeros([1, 1, 5])),
  ],
  [
    "a bias of other channels",
    /^convTranspose2d: expected a bias float32\[2\] but found float32\[3\]/,
    () => ebb.convTranspose2d(ebb.zeros([1, 1, 3, 3]), ebb.zeros([1, 2, 2, 2]), ebb.zeros([3])),
  ],
  [
    "tensors of several shapes in a stack",
    /^stack: expected tensors of one shape but found \[2\] and \[3\]/,
    () => ebb.stack([ebb.zeros([2]), ebb.zeros([3])]),
  ],
  ["the negative of booleans", /^neg: expected numbers but found bool/, () => ebb.tensor([true]).neg()],
  [
    "random draws of whole numbers",
    /^randLike: expected a floating type but found int64/,
    () => ebb.randLike(ebb.arange(3)),
  ],
  [
    "a range that is none",
    /^slice: expected whole numbers .*found \[0,0.5\]/,
    () => ebb.zeros([4]).slice([0, 0.5]),
  ],
  [
    "no number among whole ones",
    /^full: expected numbers from .* for int64 but found NaN/,
    () => ebb.full([2], NaN, { dtype: "int64" }),
  ],
  [
    "a number beyond its type",
    /^tensor: expected numbers from 0 to 255 for uint8 but found 300/,
    () => ebb.tensor([1, 300], { dtype: "uint8" }),
  ],
  [
    "draws beyond their type",
    /^randint: expected numbers from 0 to 255 for uint8 but found -1/,
    () => ebb.randint(-1, 5, [2], { dtype: "uint8" }),
  ],
  [
    "elements of another type",
    /^fromHost: expected a Float32Array for float32 but found Float64Array/,
    () => ebb.fromHost(new Float64Array(2), [2], { dtype: "float32" }),
  ],
  [
    "too few elements",
    /^fromHost: expected 3 elements for shape \[3\] but found 2/,
    () => ebb.fromHost(new Float32Array(2), [3], { dtype: "float32" }),
  ],
  [
    "a shape of other size",
    /^reshape: expected a shape of 6 elements but found \[4, -1\]/,
    () => ebb.zeros([6]).reshape([4, -1]),
  ],
  ["an axis too far", /^sum: expected an axis from -2 to 1 .* but found 5/, () => ebb.zeros([2, 2]).sum(5)],
  ["an axis twice", /^sum: expected each axis once/, () => ebb.zeros([2, 2]).sum([0, -2])],
  [
    "types that differ",
    /^add: expected operands of one type but found float32 and int64/,
    () => ebb.add(ebb.zeros([2]), ebb.arange(2)),
  ],
  [
    "a gradient of whole numbers",
    /floating type where a gradient is wanted but found int64/,
    () => ebb.tensor([1, 2], { dtype: "int64", requiresGrad: true }),
  ],
  [
    "ragged arrays",
    /^tensor: expected arrays of one shape but found \[2\] and \[1\]/,
    () => ebb.tensor([[1, 2], [3]]),
  ],
  [
    "a number of elements that does not fit",
    /^tensor: expected 6 elements .*found 4/,
    () => ebb.tensor([1, 2, 3, 4], { shape: [2, 3] }),
  ],
  [
    "text among numbers",
    /^tensor: expected numbers .*found string/,
    () => ebb.tensor(["a"] as unknown as number[]),
  ],
  [
    "labels with NaN",
    /crossEntropy: expected .*labels.*/,
    () => ebb.crossEntropy(logits(), ebb.tensor([0, NaN, 1, 2])),
  ],
  [
    "a label out of range",
    /crossEntropy: expected .*7/,
    () => ebb.crossEntropy(logits(), labels([0, 1, 2, 7])),
  ],
  [
    "a negative label",
    /crossEntropy: expected .*-3/,
    () => ebb.crossEntropy(logits(), labels([0, 1, 2, -3])),
  ],
  [
    "an empty batch",
    /crossEntropy: expected .*\[0, 3\]/,
    () => ebb.crossEntropy(ebb.zeros([0, 3]), labels([])),
  ],
  [
    "batch norm over one value",
    /^batchNorm: expected more than one value/,
    () => ebb.batchNorm(ebb.zeros([1, 4]), null, null, null, null, { training: true }),
  ],
  [
    "backward of many elements",
    /^backward: expected a tensor of one element or a gradient/,
    () => ebb.ones([3], { requiresGrad: true }).mul(2).backward(),
  ],
  [
    "backward without a gradient wanted",
    /^backward: expected a tensor that requires a gradient/,
    () => ebb.ones([1]).backward(),
  ],
  ["backward through a freed graph", /^backward of \w+: expected a graph that was not used yet/, () => {
    const y = ebb.ones([3], { requiresGrad: true }).square().sum();
    y.backward();
    y.backward();
  }],
  [
    "a saved tensor changed in place",
    /^backward of square: expected the saved tensor .* changed in place/,
    () => {
      const x = ebb.ones([3], { requiresGrad: true });
      const y = x.square().sum();
      ebb.noGrad(() => x.add_(1));
      y.backward();
    },
  ],
  [
    "a leaf changed in place",
    /^add: expected noGrad\(\) around a change in place/,
    () => ebb.ones([3], { requiresGrad: true }).add_(1),
  ],
  ["a tensor that was freed", /^add: expected a live tensor as operand 1 but found .*freed/, () => {
    const x = ebb.ones([3]);
    x.dispose();
    ebb.ones([3]).add(x);
  }],
  [
    "the elements of a tensor that was freed",
    /expected a live tensor but found one of shape \[3\] that was freed/,
    () => {
      const x = ebb.ones([3]);
      x.dispose();
      x.toArray();
    },
  ],
  [
    "a scope that waits",
    /^scope: expected a synchronous function/,
    () => ebb.scope(() => Promise.resolve(1)),
  ],
  [
    "a budget that is none",
    /^cpu budget: expected an amount of memory .*"much"/,
    () => ebb.cpu({ budget: "much" }),
  ],
];

for (const [name, message, fn] of cases) {
  Deno.test(`refuses ${name} in a sentence`, () => {
    leakFree(() => {
      const error = ebb.scope(() => {
        try {
          fn();
          return undefined;
        } catch (error) {
          return error as Error;
        }
      });
      assertInstanceOf(error, Error, "expected an error but found none");
      assertMatch(error.message, message);
      assertEquals(ebb.scope(() => ebb.ones([3]).sum().item()), 3);
    });
  });
}

Deno.test("refuses tensors of two devices in a sentence", () => {
  const [one, two] = [ebb.cpu(), ebb.cpu()];
  ebb.scope(() => {
    const error = assertThrows(() => ebb.add(ebb.ones([2], { device: one }), ebb.ones([2], { device: two })));
    assertMatch((error as Error).message, /^add: expected all operands on one device but found cpu and cpu/);
  });
  assertEquals([one.memory().storages, two.memory().storages], [0, 0]);
});

Deno.test("a budget too small for a step refuses it, and the device goes on working", () => {
  const device = ebb.cpu({ budget: "1 MiB" });
  ebb.scope(() => {
    const x = ebb.ones([256, 256], { device, requiresGrad: true });
    const error = assertThrows(() => {
      let y = x.matmul(x);
      for (let i = 0; i < 10; i++) y = y.matmul(x);
    });
    assertInstanceOf(error, ebb.OutOfMemoryError);
    assertMatch(
      error.message,
      /cpu \(1 MiB\): expected room for 256 KiB .* budget of 1 MiB .* largest holders: 256 KiB/,
    );
  });
  assertEquals(device.memory().storages, 0);
  assert(device.memory().peakBytes <= 1 << 20);
  ebb.scope(() =>
    assertEquals(ebb.ones([8, 8], { device }).matmul(ebb.ones([8, 8], { device })).sum().item(), 512)
  );
});

Deno.test("a step whose gradients are not finite is skipped by loss scaling and changes nothing", () => {
  leakFree(() => {
    ebb.scope(() => {
      const weight = ebb.tensor([1, 2, 3], { requiresGrad: true });
      using optimizer = new ebb.optim.SGD([weight], { lr: 0.1 });
      const scaler = new ebb.optim.GradScaler({ scale: 2 ** 10 });
      scaler.scale(weight.mul(Infinity).sum()).backward();
      scaler.step(optimizer);
      scaler.update();
      assertEquals(weight.toArray(), [1, 2, 3]);
      assertEquals([scaler.skipped, scaler.factor], [1, 2 ** 9]);
    });
  });
});
