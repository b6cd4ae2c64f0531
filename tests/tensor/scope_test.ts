/**
 * Lifetimes: who frees a tensor, and when.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const storages = () => ebb.defaultDevice().memory().storages;

function test(name: string, fn: () => void): void {
  Deno.test(name, () => leakFree(fn));
}

test("scope() frees what was made inside, and returns what its function returns", () => {
  const before = storages();
  const sum = ebb.scope(() => {
    const x = ebb.tensor([1, 2, 3]);
    return x.square().sum().item();
  });
  assertEquals([sum, storages()], [14, before]);
});

test("scope() lets a returned tensor out to the scope around", () => {
  let kept: ebb.Tensor | undefined;
  ebb.scope(() => {
    kept = ebb.scope(() => ebb.tensor([1, 2]).mul(2));
    assertEquals(kept.toArray(), [2, 4]);
  });
  assert(kept!.disposed);
});

test("scope() finds returned tensors in arrays, objects, maps and sets", () => {
  using stack = new DisposableStack();
  const { list, map, set } = ebb.scope(() => {
    const [a, b, c, d, e] = [1, 2, 3, 4, 5].map((n) => ebb.tensor(n));
    ebb.tensor(6);
    return { list: [a, [b, { deep: c }]] as const, map: new Map([["d", d]]), set: new Set([e]) };
  });
  const found = [list[0], list[1][0], list[1][1].deep, map.get("d")!, ...set];
  assertEquals(found.map((tensor) => stack.use(tensor).item()), [1, 2, 3, 4, 5]);
});

test("scope() takes a tensor that is returned twice for one", () => {
  const [a, b] = ebb.scope(() => {
    const x = ebb.tensor(1);
    return [x, x];
  });
  assertEquals(a, b);
  a.dispose();
});

test("scope() leaves tensors of outside alone", () => {
  using x = ebb.tensor([1]);
  ebb.scope(() => void x.mul(2));
  assertEquals(ebb.scope(() => x).toArray(), [1]);
});

test("keep() takes a tensor out of all scopes", () => {
  let held: ebb.Tensor | undefined;
  ebb.scope(() => {
    ebb.scope(() => {
      held = ebb.keep(ebb.tensor([2]));
    });
  });
  assertEquals(held!.toArray(), [2]);
  held!.dispose();
});

test("an exception frees everything that the scope made", () => {
  const before = storages();
  assertThrows(
    () =>
      ebb.scope(() => {
        ebb.tensor([1]);
        ebb.scope(() => ebb.tensor([2]));
        throw new Error("stop");
      }),
    Error,
    "stop",
  );
  assertEquals(storages(), before);
  using x = ebb.tensor([3]); // outside of any scope again
  ebb.scope(() => {});
  assert(!x.disposed);
});

test("an op that throws leaves nothing behind", () => {
  using x = ebb.tensor([[1, 2]]);
  using y = ebb.ones([3, 3]);
  assertThrows(() => x.matmul(x), RangeError, "[1, 2] x float32[1, 2]");
  assertThrows(() => x.add(y), RangeError, "[1, 2] and [3, 3]");
  assertEquals(storages(), 2);
});

test("scope() refuses an asynchronous function", () => {
  const before = storages();
  assertThrows(
    () => void ebb.scope(() => Promise.resolve(ebb.tensor([1]))),
    TypeError,
    "scope: expected a synchronous function but found one that returns a promise",
  );
  assertEquals(storages(), before);
});

test("using frees at the end of the block", () => {
  let x: ebb.Tensor;
  {
    using y = ebb.tensor([1]);
    x = y;
  }
  assert(x.disposed);
});

test("dispose() twice is harmless", () => {
  const x = ebb.tensor([1]);
  x.dispose();
  x.dispose();
  assert(x.disposed);
});

test("a freed tensor says so, wherever it is used", () => {
  const x = ebb.tensor([[1, 2]]);
  const y = ebb.tensor([1, 2]);
  x.dispose();
  assertThrows(
    () => x.toArray(),
    Error,
    "expected a live tensor but found one of shape [1, 2] that was freed",
  );
  assertThrows(
    () => x.add(y),
    Error,
    "add: expected a live tensor as operand 0 but found Tensor(float32[1, 2], freed)",
  );
  assertThrows(() => y.add(x), Error, "add: expected a live tensor as operand 1 but found");
  assertEquals([x.shape, x.dtype, x.disposed, String(x)], [
    [1, 2],
    "float32",
    true,
    "Tensor(float32[1, 2], freed)",
  ]);
  y.dispose();
});

test("views hold the elements that they share", () => {
  const x = ebb.tensor([[1, 2], [3, 4]]);
  const y = x.reshape([4]);
  assertEquals(storages(), 1);
  x.dispose();
  assertEquals(y.toArray(), [1, 2, 3, 4]);
  y.dispose();
});

test("a gradient is freed with its tensor", () => {
  const x = ebb.tensor([1, 2], { requiresGrad: true });
  ebb.scope(() => x.square().sum().backward());
  assertEquals(storages(), 2);
  x.dispose();
});

test("training in scopes is flat: the same storages and bytes after every step", () => {
  ebb.scope(() => {
    const w = ebb.tensor([[0.5, 1], [-1, 2]], { requiresGrad: true });
    const x = ebb.tensor([[1, -2], [3, 4]]);
    const seen = new Set<string>();
    for (let step = 0; step < 200; step++) {
      ebb.scope(() => {
        x.matmul(w).relu().square().sum().backward();
        ebb.noGrad(() => w.add_(w.grad!.mul(-0.001)));
      });
      w.grad!.dispose();
      w.grad = null;
      const { storages, liveBytes, reservedBytes } = ebb.defaultDevice().memory();
      if (step > 0) seen.add(`${storages} storages, ${liveBytes} live, ${reservedBytes} reserved`);
    }
    assertEquals(seen.size, 1);
  });
});

Deno.test("a tensor that nobody freed is freed by the garbage collector, with a warning", async () => {
  const program = `
    import * as ebb from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
    const x = ebb.tensor([1, 2], { requiresGrad: true });
    (() => { for (let i = 0; i < 10; i++) x.square(); })();
    (() => ebb.scope(() => ebb.keep(ebb.tensor([3]))))(); // kept and returned: freed once all the same
    const before = ebb.defaultDevice().memory().storages;
    for (let i = 0; i < 20 && ebb.defaultDevice().memory().storages > 1; i++) {
      gc();
      await new Promise((done) => setTimeout(done, 10));
    }
    console.log(before, ebb.defaultDevice().memory().storages, x.toArray());
    x.dispose();
  `;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--expose-gc", program],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "12 1 [ 1, 2 ]");
  const warnings = new TextDecoder().decode(stderr).split("\n").filter((line) => line.startsWith("ebb:"));
  assertEquals(warnings.length, 1);
  assert(warnings[0].includes("a tensor was freed by the garbage collector"));
});
