/**
 * Gradients of convolutions and batch normalisation on devices that have no room to compute them at once.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../../mod.ts";
import type { Device } from "../../../lib/device/mod.ts";
import { observeOps } from "../../../lib/tensor/observe.ts";
import { InlineTransport } from "../../../lib/device/transport.ts";
import { runtime } from "../../../lib/ort/mod.ts";
import { asBlocked, blockSize } from "../../../lib/tensor/layout.ts";
import { batchNormBackward } from "../../../lib/tensor/ops/batch_norm_backward.ts";
import { convAttributes, convOutputSize } from "../../../lib/tensor/ops/conv/geometry.ts";
import { convInputGradient } from "../../../lib/tensor/ops/conv/input_gradient.ts";
import { convWeightGradients } from "../../../lib/tensor/ops/conv/weight_gradient.ts";
import { leakFree } from "../../leak.ts";

/** What a computation gives on a device: bits of its results, ops in order, the most bytes of temporaries in one. */
interface Pass {
  bits: Uint32Array[];
  ops: string[];
  temporaries: number;
}

function bitsOf(tensor: ebb.Tensor): Uint32Array {
  const { buffer, byteOffset, byteLength } = tensor.data() as Float32Array;
  return new Uint32Array(buffer, byteOffset, byteLength / 4).slice();
}

/** Runs `fn`, which gives results, and watches it. */
function pass(device: Device, fn: () => (ebb.Tensor | null)[]): Pass {
  const ops: string[] = [];
  let temporaries = 0;
  const stop = observeOps({
    before: () => void device.workspace.takePeak(),
    after: (op) => {
      ops.push(op);
      temporaries = Math.max(temporaries, device.workspace.takePeak());
    },
  });
  const found = ebb.noGrad(() => {
    try {
      return fn();
    } finally {
      stop();
      device.pool.budgetBytes = Infinity; // results are read in the plain layout
    }
  });
  return { bits: found.filter((tensor) => tensor !== null).map(bitsOf), ops, temporaries };
}

/** Bytes of budget, from what the computation took without one and from the bytes of its operands. */
type Budget = (whole: Pass, operands: number) => number;

/** The same computation twice: with room for everything, and within a budget. */
function compare(make: () => () => (ebb.Tensor | null)[], budget: Budget): [whole: Pass, cut: Pass] {
  const device = ebb.cpu();
  const run = (whole: Pass | null) =>
    leakFree(() =>
      ebb.scope(() => {
        ebb.seed(3);
        const compute = make();
        device.emptyCache();
        device.pool.budgetBytes = whole === null ? Infinity : budget(whole, device.memory().reservedBytes);
        return pass(device, compute);
      }), device);
  return ebb.withDevice(device, () => {
    const whole = run(null);
    return [whole, run(whole)];
  });
}

/** Small tensors share segments of this size. */
const SEGMENT = 1 << 17;

/** Room for operands, results, partial sums of that size, and a share of the temporaries. */
const shareOf = (share: number): Budget => ({ bits, temporaries }, operands) =>
  operands + SEGMENT + share * temporaries + 2 * bits.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** With many threads a piece has an image for each, and each its own scratch; without blocks other forms serve. */
const saves = runtime().threads <= 4 && blockSize() > 1;

/** Sizes of a case: the image, the filter, and how it moves. */
type Case = [title: string, image: number[], filter: number[], options?: ebb.Conv2dOptions];

const CASES: Case[] = [
  ["3x3", [64, 16, 16, 16], [16, 16, 3, 3], { padding: 1 }],
  ["3x3 of stride 2", [64, 16, 16, 16], [32, 16, 3, 3], { padding: 1, stride: 2 }],
  ["3x3 of several blocks of channels", [64, 48, 8, 12], [32, 48, 3, 3], { padding: 1 }],
  ["3x3 of three channels", [64, 3, 16, 16], [16, 3, 3, 3], { padding: 1 }],
  ["3x3 of one channel", [33, 1, 16, 16], [16, 1, 3, 3], { padding: 1 }],
  ["3x3 of an odd batch", [21, 16, 16, 16], [16, 16, 3, 3], { padding: 1 }],
  ["3x3 of large partial sums", [36, 32, 16, 16], [144, 32, 3, 3], { padding: 1, stride: 2 }],
  ["3x3 that leaves a rest", [64, 16, 16, 16], [16, 16, 3, 3], { stride: 2 }],
  ["5x5 without padding", [64, 16, 12, 12], [16, 16, 5, 5]],
  ["1x1", [64, 16, 16, 16], [32, 16, 1, 1]],
  ["1x1 of stride 2 and an odd batch", [27, 16, 16, 16], [32, 16, 1, 1], { stride: 2 }],
  ["3x3 of channels that fill no block", [64, 20, 12, 12], [20, 20, 3, 3], { padding: 1 }],
  ["3x3 in groups", [64, 16, 16, 16], [16, 4, 3, 3], { padding: 1, groups: 4 }],
  ["3x3 of each channel alone", [42, 16, 16, 16], [16, 1, 3, 3], { padding: 1, groups: 16 }],
  ["3x3 with dilation", [64, 16, 16, 16], [16, 16, 3, 3], { padding: 2, dilation: 2 }],
];

for (const [title, image, filter, options = {}] of CASES) {
  Deno.test(`the weight gradient of ${title} is the same in every bit in pieces, which take less`, () => {
    const attributes = convAttributes("conv2d", options);
    const make = () => {
      const x = ebb.randn(image);
      const size = convOutputSize("conv2d", image, filter.slice(2), attributes);
      const dy = ebb.randn([image[0], filter[0], ...size]);
      return () => convWeightGradients(x, dy, { ...attributes, kernel: filter.slice(2), bias: true });
    };
    const [whole, cut] = compare(make, shareOf(1));
    assertEquals(whole.ops, ["conv2dWeightGradient"]);
    assertEquals(cut.ops.slice(-2), ["conv2dWeightParts", "conv2dWeightTotal"]);
    assertEquals(cut.bits, whole.bits);
    if (saves) assert(cut.temporaries < 0.5 * whole.temporaries);
  });
}

Deno.test("the weight gradient of small images with many channels is the same in every bit in steps", () => {
  const attributes = { ...convAttributes("conv2d", { padding: 1 }), kernel: [3, 3], bias: true };
  const make = () => {
    const [x, dy] = [ebb.randn([64, 64, 8, 8]), ebb.randn([64, 64, 8, 8])];
    return () => convWeightGradients(x, dy, attributes);
  };
  const [whole, cut] = compare(make, shareOf(1.6));
  assertEquals(whole.ops, ["conv2dWeightGradient"]);
  assertEquals(cut.bits, whole.bits);
  if (blockSize() === 1) return;
  assertEquals(cut.ops, [
    "conv2dWinogradTransform",
    "conv2dWinogradTransform",
    "conv2dWinogradProducts",
    "conv2dWeightTotal",
  ]);
  assert(cut.temporaries < 0.5 * whole.temporaries);
});

for (const [kernel, padding] of [[3, 1], [1, 0]]) {
  // As many filters as images: pieces are cut along images alone.
  Deno.test(`the image's gradient of ${kernel}x${kernel} of stride 2 is the same in every bit in pieces`, () => {
    const attributes = convAttributes("conv2d", { stride: 2, padding });
    const make = () => {
      const w = ebb.randn([64, 16, kernel, kernel]);
      const dy = ebb.randn([64, 64, 8, 8]);
      return () => [convInputGradient([dy, w], { ...attributes, image: [64, 16, 16, 16] })];
    };
    const [whole, cut] = compare(make, shareOf(0.5));
    assertEquals(cut.bits, whole.bits);
    if (blockSize() > 1) assert(cut.temporaries < 0.5 * whole.temporaries);
  });
}

for (const layout of ["plain", "blocked"]) {
  Deno.test({
    name: `the gradient of batch norm with ReLU is the same in every bit without room for it, ${layout}`,
    ignore: layout === "blocked" && blockSize() === 1,
    fn: () => {
      const bytes = 64 * 16 * 16 * 16 * 4;
      const make = () => {
        const image = () => {
          const plain = ebb.randn([64, 16, 16, 16]);
          if (layout === "plain") return plain;
          const blocked = asBlocked(plain);
          plain.dispose();
          return blocked;
        };
        const [dy, x, y] = [image(), image(), image()];
        const [mean, weight] = [ebb.randn([16]), ebb.randn([16])];
        const variance = ebb.rand([16]);
        const statistics = { mean, variance, epsilon: 1e-5, ofBatch: true };
        return () => batchNormBackward(dy, x, weight, y, statistics, [true, true, true]);
      };
      // Three images are there, and there is no room for a fourth.
      const [whole, cut] = compare(make, (_, operands) => operands + 0.75 * bytes);
      assertEquals(whole.ops, ["batchNormMaskedSums", "batchNormCoefficients", "batchNormAffine"]);
      assertEquals(cut.ops, [
        "reluBackward",
        "batchNormSums",
        "batchNormCoefficients",
        "batchNormAffineOver",
      ]);
      assertEquals(cut.bits, whole.bits);
    },
  });
}

Deno.test("an op whose temporaries find free memory in small places alone runs again in one", () => {
  const device = ebb.cpu();
  device.copyWith(() => new InlineTransport(device.backend));
  const attributes = { ...convAttributes("conv2d", { padding: 1 }), kernel: [3, 3], bias: false };
  ebb.withDevice(device, () =>
    leakFree(() =>
      ebb.scope(() => {
        const [x, dy] = [ebb.randn([16, 16, 32, 32]), ebb.randn([16, 16, 32, 32])];
        const whole = pass(device, () => convWeightGradients(x, dy, attributes));
        device.emptyCache();
        // Every second place of one segment is free: enough in all, none for one of the temporaries.
        ebb.zeros([24, 3 << 16]).dispose();
        const places = Array.from({ length: 24 }, () => ebb.zeros([3 << 16]));
        for (let i = 0; i < places.length; i += 2) places[i].dispose();
        device.pool.budgetBytes = device.memory().reservedBytes;
        assert(device.pool.largestFreeBytes < 2 ** 20);
        const again = pass(device, () => convWeightGradients(x, dy, attributes));
        assertEquals(again.bits, whole.bits);
      })
    ));
});
