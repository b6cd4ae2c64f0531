/**
 * Checkpointing: the same values and gradients bit for bit, in less memory, whatever happens in between.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { opsOf, test } from "./scoped.ts";

const { checkpoint } = ebb;

const bits = (tensor: ebb.Tensor | null) => new Uint8Array(tensor!.data().buffer);

/** Loss and gradients of a model's blocks, each called by `call`. */
function train(
  make: () => ebb.nn.Module[],
  input: ebb.Shape,
  call: (block: ebb.nn.Module, x: ebb.Tensor) => ebb.Tensor,
) {
  ebb.seed(3);
  const blocks = make();
  try {
    return ebb.scope(() => {
      const x = ebb.randn(input, { requiresGrad: true });
      const loss = blocks.reduce((x, block) => call(block, x), x).square().mean();
      loss.backward();
      const parameters = blocks.flatMap((block) => block.parameters());
      const buffers = blocks.flatMap((block) => Object.values(block.stateDict()));
      return [loss, x.grad, ...parameters.map(({ grad }) => grad), ...buffers].map(bits);
    });
  } finally {
    for (const block of blocks) block.dispose();
  }
}

const plain = (block: ebb.nn.Module, x: ebb.Tensor) => block.forward(x);
const lean = (block: ebb.nn.Module, x: ebb.Tensor) => checkpoint((x) => block.forward(x), x);
const nested = (block: ebb.nn.Module, x: ebb.Tensor) => checkpoint((x) => lean(block, lean(block, x)), x);
const twice = (block: ebb.nn.Module, x: ebb.Tensor) => plain(block, plain(block, x));

const MODELS: Record<string, [() => ebb.nn.Module[], ebb.Shape]> = {
  "transformer blocks with dropout": [
    () => Array.from({ length: 3 }, () => new ebb.nn.TransformerBlock(16, 2, { dropout: 0.2 })),
    [2, 5, 16],
  ],
  "convolutions with running statistics": [
    () =>
      Array.from({ length: 2 }, () =>
        new ebb.nn.Sequential(
          new ebb.nn.Conv2d(8, 8, 3, { padding: 1 }),
          new ebb.nn.BatchNorm2d(8),
          new ebb.nn.ReLU(),
        )),
    [4, 8, 6, 6],
  ],
};

for (const [name, [make, shape]] of Object.entries(MODELS)) {
  test(`${name}: the same loss, gradients and buffers, bit for bit`, () => {
    assertEquals(train(make, shape, lean), train(make, shape, plain));
  });

  test(`${name}: checkpoints within checkpoints`, () => {
    assertEquals(train(make, shape, nested), train(make, shape, twice));
  });
}

test("what a checkpoint makes is freed before the backward pass", () => {
  const x = ebb.ones([64, 64], { requiresGrad: true });
  const chain = (x: ebb.Tensor) => x.sin().cos().sin().cos();
  const bytes = (fn: () => ebb.Tensor) => {
    const before = ebb.defaultDevice().memory().liveBytes;
    using y = ebb.scope(fn);
    assert(y.requiresGrad);
    return ebb.defaultDevice().memory().liveBytes - before;
  };
  const [kept, saved] = [bytes(() => checkpoint(chain, x)), bytes(() => chain(x))];
  assertEquals(kept, x.bytes); // the result alone
  assert(saved >= 4 * x.bytes, `${saved}`);
});

test("ops run again once, and no further than a gradient reads", () => {
  const x = ebb.tensor([1, 2], { requiresGrad: true });
  const y = checkpoint((x) => x.sin().exp().mul(2).add(1), x).sum();
  const names = opsOf(() => y.backward());
  assertEquals(names.filter((name) => ["sin", "exp", "mul", "add"].includes(name)).slice(0, 2), [
    "sin",
    "exp",
  ]);
  const [sin, exp] = [0.8414709848, 0.9092974268].map((s, i) => [Math.exp(s) * Math.cos(i + 1) * 2]);
  x.grad!.toArray().valueOf();
  (x.grad!.toArray() as number[]).forEach((g, i) => assert(Math.abs(g - [sin, exp][i][0]) < 1e-5));
});

test("gradients of gradients pass through a checkpoint", () => {
  const x = ebb.tensor(3, { requiresGrad: true });
  const y = checkpoint((x) => x.mul(x).mul(x), x);
  const [first] = ebb.grad([y], [x], { createGraph: true });
  const [second] = ebb.grad([first!], [x]);
  assertEquals([first!.item(), second!.item()], [27, 18]);
});

test("a graph that is retained is computed again once", () => {
  const x = ebb.tensor([1, 2], { requiresGrad: true });
  const y = checkpoint((x) => x.sin().exp(), x).sum();
  y.backward(undefined, { retainGraph: true });
  const names = opsOf(() => y.backward());
  assert(!names.includes("sin"), names.join());
});

test("several inputs and outputs, and inputs that are no tensors", () => {
  const [a, b] = [ebb.tensor([1, 2], { requiresGrad: true }), ebb.tensor([3, 4], { requiresGrad: true })];
  const { sum, product } = checkpoint(
    (a, b, factor) => ({ sum: a.add(b).mul(factor), product: a.mul(b) }),
    a,
    b,
    10,
  );
  sum.sum().add(product.sum()).backward();
  assertEquals([a.grad!.toArray(), b.grad!.toArray()], [[13, 14], [11, 12]]);
});

test("without recording it is a plain call", () => {
  const x = ebb.tensor([1], { requiresGrad: true });
  assertEquals(ebb.noGrad(() => checkpoint((x) => x.sin(), x)).requiresGrad, false);
});

test("the seeded generator goes on as if nothing had been run twice", () => {
  const x = ebb.ones([50], { requiresGrad: true });
  const after = (call: (fn: (x: ebb.Tensor) => ebb.Tensor) => ebb.Tensor) => {
    ebb.seed(5);
    const y = call((x) => x.dropout(0.5).sin());
    y.sum().backward();
    return ebb.rand([3]).toArray();
  };
  assertEquals(after((fn) => checkpoint(fn, x)), after((fn) => fn(x)));
});

test("a function that does something else the second time is refused, and nothing is lost", () => {
  const x = ebb.tensor([1, 2], { requiresGrad: true });
  let calls = 0;
  const y = checkpoint((x) => calls++ === 0 ? x.sin().exp() : x.mul(2), x).sum();
  assertThrows(() => y.backward(), Error, "expected the function to do the same again");
  x.sin().sum().backward();
  assertEquals(x.grad!.shape, [2]);
});

test("an error in the function passes through, in either run", () => {
  const x = ebb.tensor([1, 2], { requiresGrad: true });
  assertThrows(
    () =>
      checkpoint((x) => {
        x.sin().exp();
        throw new Error("first");
      }, x),
    Error,
    "first",
  );
  let calls = 0;
  const y = checkpoint((x) => {
    const z = x.sin();
    if (calls++ > 0) throw new Error("second");
    return z.exp();
  }, x).sum();
  assertThrows(() => y.backward(), Error, "second");
});

test("an input that was changed in place since is refused", () => {
  const x = ebb.tensor([1, 2], { requiresGrad: true });
  const y = checkpoint((x) => x.sin().exp(), x).sum();
  ebb.noGrad(() => x.add_(1));
  assertThrows(() => y.backward(), Error, "changed in place");
});
