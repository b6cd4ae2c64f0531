/**
 * Gradients as a user meets them: accumulated, asked for, of gradients, and refused with a sentence. What single ops
 * do is compared with PyTorch in `ops/`.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { opsOf, test } from "./scoped.ts";

const leaf = (data: ebb.NestedArray) => ebb.tensor(data, { requiresGrad: true });

test("backward() adds to the gradients that are there", () => {
  const x = leaf([1, 2]);
  x.square().sum().backward();
  x.mul(3).sum().backward();
  assertEquals(x.grad!.toArray(), [5, 7]);
});

test("backward() reaches a tensor along every path", () => {
  const x = leaf(3);
  const a = x.mul(2);
  a.mul(a).add(a).add(x).backward(); // 4x² + 3x
  assertEquals(x.grad!.item(), 27);
});

test("backward() computes each op of a diamond once", () => {
  const x = leaf(2);
  let y = x.mul(1);
  for (let i = 0; i < 20; i++) y = y.add(y); // 2^20 paths
  const names = opsOf(() => y.backward());
  assertEquals(x.grad!.item(), 2 ** 20);
  assert(names.length < 100, `${names.length} ops`);
});

test("backward() takes the gradient with respect to an output of many elements", () => {
  const x = leaf([[1, 2], [3, 4]]);
  x.square().backward(ebb.tensor([[1, 0], [10, 1]]));
  assertEquals(x.grad!.toArray(), [[2, 0], [60, 8]]);
});

test("backward() of a leaf is its own gradient", () => {
  const x = leaf(5);
  x.backward();
  assertEquals(x.grad!.item(), 1);
});

test("backward() works after every tensor in between was freed", () => {
  const x = leaf([1, 2, 3]);
  const loss = ebb.scope(() => x.square().mul(2).square().sum());
  loss.backward();
  assertEquals(x.grad!.toArray(), [16, 128, 432]);
});

test("backward() works after the leaf was freed, for the leaves that are left", () => {
  const x = leaf([1, 2]);
  const y = leaf([3, 4]);
  const loss = x.mul(y).sum();
  x.dispose();
  loss.backward();
  assertEquals(y.grad!.toArray(), [1, 2]);
});

test("backward() frees what the tape saved, and a graph that nobody can reach frees itself", () => {
  const device = ebb.cpu();
  const x = ebb.tensor([1, 2, 3], { requiresGrad: true, device });
  const chain = () => ebb.scope(() => x.square().square().square().sum());
  const loss = chain();
  const during = device.memory().storages;
  assert(during >= 4, `${during} storages while the tape holds them`);
  loss.backward();
  assertEquals(device.memory().storages, 3); // x, its gradient, the loss
  chain().dispose();
  assertEquals(device.memory().storages, 3);
});

test("backward() goes through a chain of 5,000 ops", () => {
  const x = leaf(1);
  const y = ebb.scope(() => {
    let y = x;
    for (let i = 0; i < 5000; i++) y = y.add(1);
    return y;
  });
  y.backward();
  assertEquals(x.grad!.item(), 1);
});

test("retainGraph allows a second pass", () => {
  const x = leaf([1, 2]);
  const loss = x.square().sum();
  ebb.backward(loss, undefined, { retainGraph: true });
  loss.backward();
  assertEquals(x.grad!.toArray(), [4, 8]);
});

test("backward() through a freed graph names the op and the remedy", () => {
  const x = leaf([1, 2]);
  const loss = x.square().sum();
  loss.backward();
  assertThrows(
    () => loss.backward(),
    Error,
    "backward of sum: expected a graph that was not used yet but found one freed",
  );
  assertEquals(x.grad!.toArray(), [2, 4]);
});

test("backward() refuses a tensor that requires no gradient", () => {
  assertThrows(
    () => ebb.ones([]).backward(),
    Error,
    "backward: expected a tensor that requires a gradient but found Tensor(",
  );
});

test("backward() wants a gradient for more than one element, of the same shape and type", () => {
  const y = leaf([1, 2]).square();
  assertThrows(
    () => y.backward(),
    Error,
    "expected a tensor of one element or a gradient but found shape [2] and none",
  );
  assertThrows(
    () => y.backward(ebb.ones([3])),
    Error,
    "expected a gradient of float32[2] but found float32[3]",
  );
  assertThrows(
    () => y.backward(ebb.ones([2], { dtype: "float64" })),
    Error,
    "expected a gradient of float32[2] but found float64[2]",
  );
  y.backward(ebb.ones([2]));
});

test("a saved tensor that was changed in place is refused", () => {
  const x = leaf([1, 2]);
  const y = x.mul(3);
  const loss = y.square().sum();
  ebb.noGrad(() => y.alias().add_(1));
  assertThrows(
    () => loss.backward(),
    Error,
    "backward of square: expected the saved tensor of shape [2] as it was but found it",
  );
});

test("a tensor changed in place after the gradient was computed does no harm", () => {
  const w = leaf([1, 2]);
  for (let step = 0; step < 3; step++) {
    ebb.scope(() => {
      w.square().sum().backward();
      ebb.noGrad(() => w.add_(w.grad!.mul(-0.25)));
      w.grad!.dispose();
      w.grad = null;
    });
  }
  assertEquals(w.toArray(), [0.125, 0.25]);
});

test("a change in place that would be recorded is refused", () => {
  const x = leaf([1, 2]);
  assertThrows(() => x.add_(1), Error, "add: expected noGrad() around a change in place");
  assertThrows(() => ebb.ones([2]).mul_(x), Error, "mul: expected noGrad() around a change in place");
});

test("grad() gives gradients without touching grad", () => {
  const x = leaf([1, 2]);
  const y = leaf([3, 4]);
  const [dx, dy] = ebb.grad([x.mul(y).sum()], [x, y]);
  assertEquals([dx!.toArray(), dy!.toArray()], [[3, 4], [1, 2]]);
  assertEquals([x.grad, y.grad], [null, null]);
});

test("grad() gives null where an output does not depend on an input", () => {
  const x = leaf([1, 2]);
  const y = leaf([3, 4]);
  const [dx, dy] = ebb.grad([x.square().sum()], [x, y]);
  assertEquals([dx!.toArray(), dy], [[2, 4], null]);
});

test("grad() computes only what leads to the inputs", () => {
  const x = leaf([[1, 2]]);
  const w = leaf([[3], [4]]);
  const loss = x.square().matmul(w).sum();
  const names = opsOf(() => ebb.grad([loss], [w]));
  assertEquals(names.filter((name) => name === "matmul").length, 1);
  assert(!names.includes("mul"), `square was differentiated: ${names}`);
});

test("grad() gives gradients of tensors in the middle", () => {
  const x = leaf([1, 2]);
  const y = x.mul(3);
  const [dx, dy] = ebb.grad([y.square().sum()], [x, y]);
  assertEquals([dx!.toArray(), dy!.toArray()], [[18, 36], [6, 12]]);
});

test("grad() adds up over several outputs, with a gradient for each", () => {
  const x = leaf([1, 2]);
  const [dx] = ebb.grad([x.square(), x.mul(5)], [x], {
    gradOutputs: [ebb.tensor([1, 10]), ebb.tensor([1, 1])],
  });
  assertEquals(dx!.toArray(), [7, 45]);
});

test("grad() with createGraph differentiates gradients, as often as wanted", () => {
  const x = leaf(2);
  let y = x.square().square(); // x⁴
  const found = [y.item()];
  for (let order = 1; order <= 4; order++) {
    [y] = ebb.grad([y], [x], { createGraph: true }) as [ebb.Tensor];
    found.push(y.item());
  }
  assertEquals(found, [16, 32, 48, 48, 24]);
});

test("grad() with createGraph gives gradients of tensors in the middle that can be differentiated", () => {
  const x = leaf(3);
  const y = x.mul(2);
  const [dy] = ebb.grad([y.mul(y).mul(y)], [y], { createGraph: true }); // 3y²
  const [ddx] = ebb.grad([dy!], [x]); // 6y · 2
  assertEquals([dy!.item(), ddx!.item()], [108, 72]);
});

test("a penalty on gradients trains: backward() goes through grad()", () => {
  const x = leaf([[1, 2]]);
  const w = leaf([[3], [4]]);
  const [dx] = ebb.grad([x.matmul(w).square().sum()], [x], { createGraph: true }); // 2 (xw) wᵀ
  dx!.square().sum().backward(); // 4 (xw)² |w|²
  // d/dw = 8 (xw) |w|² xᵀ + 8 (xw)² w, with xw = 11 and |w|² = 25
  assertEquals(w.grad!.toArray(), [[8 * 11 * 25 * 1 + 8 * 121 * 3], [8 * 11 * 25 * 2 + 8 * 121 * 4]]);
});

test("grad() refuses inputs that require no gradient", () => {
  const x = leaf([1, 2]);
  const y = ebb.ones([2]);
  assertThrows(
    () => ebb.grad([x.mul(y).sum()], [y]),
    Error,
    "grad: expected inputs that require a gradient but found Tensor(",
  );
});

test("a backward pass that fails frees what it had computed", () => {
  const device = ebb.cpu({ budget: "3 MiB" });
  const x = ebb.ones([1 << 17], { device, requiresGrad: true });
  const w = ebb.ones([1 << 17], { device, requiresGrad: true });
  const loss = ebb.scope(() => x.mul(w).square().sum());
  const [before] = [device.memory().storages];
  const ballast = ebb.ones([1 << 17], { device });
  assertThrows(() => ebb.grad([loss], [x, w], { retainGraph: true }), ebb.OutOfMemoryError);
  assertEquals(device.memory().storages, before + 1);
  ballast.dispose();
});

test("noGrad() records nothing and enableGrad() inside it does", () => {
  const x = leaf([1, 2]);
  ebb.noGrad(() => {
    assert(!ebb.gradEnabled());
    assert(!x.square().requiresGrad);
    assert(ebb.enableGrad(() => x.square()).requiresGrad);
    assert(!ebb.gradEnabled());
  });
  assert(ebb.gradEnabled());
});

test("noGrad() ends when its function throws", () => {
  assertThrows(
    () =>
      ebb.noGrad(() => {
        throw new Error("stop");
      }),
    Error,
    "stop",
  );
  assert(ebb.gradEnabled());
});

Deno.test("noGrad() lasts until an asynchronous function is done", async () => {
  const inside: boolean[] = [];
  await ebb.noGrad(async () => {
    await Promise.resolve();
    inside.push(ebb.gradEnabled());
  });
  assertEquals([inside, ebb.gradEnabled()], [[false], true]);
});

test("detach() shares the elements and leaves the tape", () => {
  const x = leaf([1, 2]);
  const y = x.square().detach();
  assertEquals([y.requiresGrad, y.toArray()], [false, [1, 4]]);
  assertThrows(() => y.sum().backward(), Error, "requires a gradient");
  x.mul(y).sum().backward();
  assertEquals(x.grad!.toArray(), [1, 4]);
});

test("a computed tensor cannot be told that it requires no gradient", () => {
  const y = leaf([1]).square();
  assertThrows(
    () => y.requiresGrad = false,
    Error,
    "expected a leaf but found a computed tensor; use detach()",
  );
});

test("whole numbers require no gradient", () => {
  assertThrows(
    () => ebb.tensor([1], { dtype: "int64", requiresGrad: true }),
    TypeError,
    "expected a floating type where a gradient is wanted but found int64",
  );
});

test("gradients of two leaves share no elements, nor does the one that was given", () => {
  const a = ebb.tensor([1, 2], { requiresGrad: true });
  const b = ebb.tensor([3, 4], { requiresGrad: true });
  const given = ebb.ones([2]);
  a.add(b).backward(given);
  a.grad!.mul_(10);
  assertEquals([a.grad!.toArray(), b.grad!.toArray(), given.toArray()], [[10, 10], [1, 1], [1, 1]]);
});
