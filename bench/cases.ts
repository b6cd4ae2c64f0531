/**
 * The cases of the benchmark through Ebb's public API: products, sums, a convolution, and the training steps of
 * `networks.ts`. A case is made by its function, and frees what it holds when it is disposed.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import type { Case } from "./case.ts";
import { cnn, mlp, pgd, resnet, transformer } from "./networks.ts";
import { uniform } from "./values.ts";

/** Every case by its name, as a function that makes it. */
export const cases: Readonly<Record<string, () => Case>> = {
  mm512: () => product(512),
  mm1024: () => product(1024),
  add1m: () => addition(1e6, 1),
  add16: () => addition(16, 1000),
  add16grad: () => addition(16, 1000, true),
  conv_f: convolution,
  conv_fb: convolutionWithGradients,
  mlp,
  cnn,
  xf: transformer,
  resnet,
  pgd,
};

/** Random numbers of shape `shape` as a tensor that no scope frees. */
function random(seed: number, shape: number[], scale = 1, requiresGrad = false): ebb.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return ebb.keep(ebb.tensor(uniform(seed, size, scale), { shape, requiresGrad }));
}

/** Frees tensors. */
function free(...tensors: ebb.Tensor[]): void {
  for (const tensor of tensors) tensor.dispose();
}

/** Sum of the first `count` elements, in float64. */
function sumOfFirst(count: number, tensor: ebb.Tensor): number {
  return (tensor.data() as Float32Array).subarray(0, count).reduce((sum, value) => sum + value, 0);
}

/** A case of one operation over two tensors, `operations` times in a step; each result is freed. */
function binary(
  f: (a: ebb.Tensor, b: ebb.Tensor) => ebb.Tensor,
  a: ebb.Tensor,
  b: ebb.Tensor,
  checked: number,
  operations = 1,
): Case {
  return {
    operations,
    step() {
      for (let i = 0; i < operations; i++) f(a, b).dispose();
    },
    check: () => ebb.scope(() => sumOfFirst(checked, f(a, b))),
    [Symbol.dispose]: () => free(a, b),
  };
}

function product(n: number): Case {
  return binary(ebb.matmul, random(1, [n, n]), random(2, [n, n]), n);
}

/** With `recorded`, every addition is written on the tape. */
function addition(n: number, operations: number, recorded = false): Case {
  return binary(ebb.add, random(1, [n], 1, recorded), random(2, [n]), 16, operations);
}

const IMAGES = [32, 3, 32, 32];
const FILTERS = [64, 3, 3, 3];

function convolution(): Case {
  const apply = (x: ebb.Tensor, w: ebb.Tensor) => ebb.conv2d(x, w, null, { padding: 1 });
  return binary(apply, random(3, IMAGES), random(4, FILTERS, 0.2), 32);
}

/** The convolution, and the gradients of image and filters for a given one of the result. */
function convolutionWithGradients(): Case {
  const x = random(3, IMAGES, 1, true);
  const w = random(4, FILTERS, 0.2, true);
  const dy = random(5, [32, 64, 32, 32]);
  const step = () =>
    ebb.scope(() => {
      free(...[x, w].flatMap(({ grad }) => grad ?? []));
      [x.grad, w.grad] = [null, null];
      ebb.conv2d(x, w, null, { padding: 1 }).backward(dy);
    });
  return {
    operations: 1,
    step,
    check() {
      step();
      return sumOfFirst(27, w.grad!) + sumOfFirst(32, x.grad!);
    },
    [Symbol.dispose]: () => free(x, w, dy),
  };
}
