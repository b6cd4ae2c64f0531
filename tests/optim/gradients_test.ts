/**
 * Clipping and loss scaling: what happens to gradients between the backward pass and the step.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { clipGradNorm, clipGradValue, GradScaler, SGD } = ebb.optim;

function withGradient(values: number[], dtype: ebb.DType = "float32"): ebb.Tensor {
  const parameter = ebb.zeros([values.length], { dtype, requiresGrad: true });
  parameter.grad = ebb.tensor(values, { dtype });
  return parameter;
}

Deno.test("clipGradNorm() scales all gradients by one factor and returns the norm before", () =>
  leakFree(() => {
    using a = withGradient([1, 2]);
    using b = withGradient([2, 4], "float64");
    using none = ebb.zeros([3], { requiresGrad: true });
    assertEquals(clipGradNorm([a, b, none], 2.5), 5);
    for (const [parameter, wanted] of [[a, [0.5, 1]], [b, [1, 2]]] as const) {
      (parameter.grad!.toArray() as number[]).forEach((value, i) =>
        assertAlmostEquals(value, wanted[i], 1e-6)
      );
    }
    assertEquals(none.grad, null);
    const after = a.grad!.toArray();
    assertAlmostEquals(clipGradNorm([a, b], 3), 2.5, 1e-6);
    assertEquals(a.grad!.toArray(), after);
    assertAlmostEquals(clipGradNorm([a, b], 1, { normType: Infinity }), 2, 1e-6);
    assertAlmostEquals((a.grad!.toArray() as number[])[1], 0.5, 1e-6);
  }));

Deno.test("clipGradNorm() of float16 gradients does not overflow", () =>
  leakFree(() => {
    using a = withGradient([300, 400], "float16");
    assertEquals(clipGradNorm([a], 1), 500);
  }));

Deno.test("gradients that share their bytes are each changed once", () =>
  leakFree(() => {
    using a = ebb.zeros([2], { requiresGrad: true });
    using b = ebb.zeros([2], { requiresGrad: true });
    ebb.scope(() => a.add(b).sum().backward());
    clipGradValue([a, b], 0.5);
    const scaler = new GradScaler({ scale: 2 });
    using optimizer = new SGD([a, b], { lr: 1 });
    scaler.step(optimizer);
    assertEquals([a.toArray(), b.toArray()], [[-0.25, -0.25], [-0.25, -0.25]]);
  }));

Deno.test("clipGradNorm() takes no gradient that is not finite, where told so", () =>
  leakFree(() => {
    using a = withGradient([1, Infinity]);
    assertThrows(
      () => clipGradNorm([a], 1, { errorIfNonfinite: true }),
      Error,
      "clipGradNorm: expected gradients of a finite norm but found Infinity",
    );
    assertEquals(a.grad!.toArray(), [1, Infinity]);
    assertThrows(
      () => clipGradNorm([a], 0),
      RangeError,
      "expected maxNorm to be a number above 0 but found 0",
    );
    assertThrows(() => clipGradValue([a], NaN), RangeError, "limit");
  }));

Deno.test("GradScaler skips a step with gradients that are not finite and lowers the scale", () =>
  leakFree(() => {
    for (const dtype of ["float32", "float16"] as const) {
      const scaler = new GradScaler({ scale: 4, growthInterval: 2 });
      using a = withGradient([4, 8], dtype);
      using b = withGradient([4, NaN], dtype);
      using optimizer = new SGD([a, b], { lr: 1 });
      assertEquals(scaler.step(optimizer), false);
      scaler.update();
      assertEquals([a.toArray(), scaler.factor, scaler.skipped], [[0, 0], 2, 1]);

      const scales = [];
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad();
        a.grad = ebb.tensor([2, 4], { dtype });
        assert(scaler.unscale(optimizer));
        assert(scaler.step(optimizer)); // and does not unscale again
        scaler.update();
        scales.push(scaler.factor);
      }
      assertEquals([a.toArray(), scales], [[-2.5, -5], [2, 4, 4]]);

      const again = new GradScaler();
      again.loadStateDict(scaler.stateDict());
      assertEquals(again.stateDict(), { scale: 4, growth: 1, skipped: 1 });
    }
  }));

Deno.test("a loss that is not finite leaves parameters and optimizer as they were", () =>
  leakFree(() => {
    const scaler = new GradScaler({ scale: 8 });
    using w = ebb.tensor([2], { requiresGrad: true });
    using optimizer = new SGD([w], { lr: 0.5, momentum: 0.9 });
    for (const factor of [1, Infinity, 1]) {
      optimizer.zeroGrad();
      ebb.scope(() => scaler.scale(w.mul(factor).sum()).backward());
      scaler.step(optimizer);
      scaler.update();
    }
    assertEquals(w.item(), Math.fround(2 - 0.5 - 0.5 * 1.9));
    assertEquals(optimizer.stateDict().groups[0].parameters[0]!.steps, 2);
    assertThrows(() => new GradScaler({ scale: 0 }), RangeError, "expected scale to be a number above 0");
  }));
