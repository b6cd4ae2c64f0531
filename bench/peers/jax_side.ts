/**
 * jax-js as a side of the comparison, on its WebAssembly backend, the training steps compiled by `jit`. In jax-js a
 * function consumes its arguments; `.ref` is one more hold of an array.
 *
 * @module
 */
import { blockUntilReady, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "npm:@jax-js/jax@0.1.25";
import type { Case } from "../case.ts";
import { labels, uniform } from "../values.ts";
import { serve } from "./serve.ts";

// Its pool has a worker for every processor that the navigator reports.
const threads = Number(Deno.env.get("EBB_THREADS") ?? 2);
Object.defineProperty(navigator, "hardwareConcurrency", { value: threads });
await init("wasm");

await serve({
  mm512: () => binary(np.matmul, [512, 512], 512),
  add16: () => binary((a, b) => a.add(b), [16], 16, 200),
  mlp,
  cnn,
  xf: transformer,
  resnet() {
    throw new Error("left out, as the two convolutions of cnn take seconds already");
  },
});

/** A list or record of arrays, nested. */
// deno-lint-ignore no-explicit-any
type Tree = any;
type Loss = (parameters: Tree, ...data: np.Array[]) => np.Array;

function random(seed: number, shape: number[], scale = 1): np.Array {
  return np.array(uniform(seed, shape.reduce((a, b) => a * b, 1), scale)).reshape(shape);
}

/** A case of one operation over two arrays. */
function binary(
  f: (a: np.Array, b: np.Array) => np.Array,
  shape: number[],
  checked: number,
  operations = 1,
): Case {
  const [a, b] = [random(1, shape), random(2, shape)];
  return {
    operations,
    async step() {
      for (let i = 0; i < operations; i++) {
        const c = f(a.ref, b.ref);
        await c.blockUntilReady();
        c.dispose();
      }
    },
    async check() {
      const values = await f(a.ref, b.ref).data() as Float32Array;
      return values.subarray(0, checked).reduce((sum, value) => sum + value, 0);
    },
    [Symbol.dispose]: () => [a, b].forEach((array) => array.dispose()),
  };
}

/** Adam with its decayed averages, as a compiled step of everything. */
function training(initial: Tree, loss: Loss, ...data: np.Array[]): Case {
  const zeros = () => tree.map((p: np.Array) => np.zeros(p.shape), tree.ref(initial));
  let [parameters, first, second]: Tree[] = [initial, zeros(), zeros()];
  let count = 0;
  const update = jit((p: Tree, m: Tree, v: Tree, rate1: np.Array, rate2: np.Array, inputs: np.Array[]) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(p), ...inputs);
    m = tree.map((a: np.Array, g: np.Array) => a.mul(0.9).add(g.mul(0.1)), m, tree.ref(gradients));
    v = tree.map((a: np.Array, g: np.Array) => a.mul(0.999).add(np.square(g).mul(0.001)), v, gradients);
    const change = (a: np.Array, m: np.Array, v: np.Array) =>
      a.sub(m.mul(rate1.ref).div(np.sqrt(v.mul(rate2.ref)).add(1e-8)));
    p = tree.map(change, p, tree.ref(m), tree.ref(v));
    rate1.dispose();
    rate2.dispose();
    return [value, p, m, v];
  });
  return {
    operations: 1,
    async step() {
      count++;
      const rates = [1e-3 / (1 - 0.9 ** count), 1 / (1 - 0.999 ** count)].map((rate) => np.array(rate));
      const [value, ...state]: Tree[] = update(parameters, first, second, rates[0], rates[1], tree.ref(data));
      [parameters, first, second] = state;
      await blockUntilReady(parameters);
      return (await value.data())[0];
    },
    [Symbol.dispose]: () => tree.dispose([parameters, first, second, data]),
  };
}

function classes(n: number): np.Array {
  return nn.oneHot(np.array(Int32Array.from(labels(n), Number), { dtype: np.int32 }), 10);
}

function crossEntropy(logits: np.Array, y: np.Array): np.Array {
  const count = y.shape[0];
  return nn.logSoftmax(logits).mul(y).sum().mul(-1 / count);
}

function mlp(): Case {
  const sizes = [784, 256, 128, 10];
  const layers = [0, 1, 2].map((k) => ({
    w: random(20 + k, [sizes[k], sizes[k + 1]], Math.sqrt(6 / sizes[k])),
    b: np.zeros([sizes[k + 1]]),
  }));
  const loss: Loss = (p: typeof layers, x, y) => {
    const linear = (h: np.Array, k: number) => np.matmul(h, p[k].w).add(p[k].b);
    return crossEntropy(linear(nn.relu(linear(nn.relu(linear(x, 0)), 1)), 2), y);
  };
  return training(layers, loss, random(10, [128, 784]), classes(128));
}

function cnn(): Case {
  const initial = {
    w1: random(31, [16, 1, 3, 3], Math.sqrt(6 / 9)),
    w2: random(32, [32, 16, 3, 3], Math.sqrt(6 / 144)),
    w3: random(33, [6272, 10], Math.sqrt(6 / 6272)),
    b1: np.zeros([16, 1, 1]),
    b2: np.zeros([32, 1, 1]),
    b3: np.zeros([10]),
  };
  const conv = (x: np.Array, w: np.Array) => lax.convGeneralDilated(x, w, [1, 1], "SAME");
  const loss: Loss = (p: typeof initial, x, y) => {
    const h = nn.relu(conv(nn.relu(conv(x, p.w1).add(p.b1)), p.w2).add(p.b2));
    const pooled = lax.reduceWindow(h, np.max, [2, 2], [2, 2]).reshape([64, 6272]);
    return crossEntropy(np.matmul(pooled, p.w3).add(p.b3), y);
  };
  return training(initial, loss, random(30, [64, 1, 28, 28]), classes(64));
}

function transformer(): Case {
  const [batch, length, width, heads] = [8, 64, 128, 4];
  const sizes = [...Array(4).fill([width, width]), [width, 4 * width], [4 * width, width]];
  const blocks = [0, 1].map((layer) => ({
    w: sizes.map((size, j) => random(50 + 10 * layer + j, size, 1 / Math.sqrt(size[0]))),
    b: sizes.map(([, outputs]) => np.zeros([outputs])),
    gamma: [0, 1].map(() => np.ones([width])),
    beta: [0, 1].map(() => np.zeros([width])),
  }));
  const future = (_: unknown, i: number) => i % length > Math.floor(i / length) ? -1e9 : 0;
  const mask = np.array(Float32Array.from({ length: length ** 2 }, future)).reshape([length, length]);

  const norm = (x: np.Array, gamma: np.Array, beta: np.Array) => {
    const centred = x.ref.sub(np.mean(x, -1, { keepdims: true }));
    const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
    return centred.div(np.sqrt(variance.add(1e-5))).mul(gamma).add(beta);
  };
  const block = (x: np.Array, p: typeof blocks[number], mask: np.Array) => {
    const linear = (a: np.Array, j: number) => np.matmul(a, p.w[j]).add(p.b[j]);
    const split = (a: np.Array) =>
      np.transpose(a.reshape([batch, length, heads, width / heads]), [0, 2, 1, 3]);
    const a = norm(x.ref, p.gamma[0], p.beta[0]);
    const [q, k, v] = [linear(a.ref, 0), linear(a.ref, 1), linear(a, 2)].map(split);
    const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(width / heads));
    const seen = np.matmul(nn.softmax(scores.add(mask), -1), v);
    const h = x.add(linear(np.transpose(seen, [0, 2, 1, 3]).reshape([batch, length, width]), 3));
    return h.ref.add(linear(nn.relu(linear(norm(h, p.gamma[1], p.beta[1]), 4)), 5));
  };
  const loss: Loss = (p: typeof blocks, x, target, mask) => {
    const y = p.reduce((h, parts) => block(h, parts, mask.ref), x);
    mask.dispose();
    return np.mean(np.square(y.sub(target)));
  };
  const shape = [batch, length, width];
  return training(blocks, loss, random(40, shape), random(41, shape), mask);
}
