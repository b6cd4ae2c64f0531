/**
 * Modules: what they consist of, their states, hooks and lifetimes.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { nn } = ebb;

class Small extends nn.Module {
  scale = nn.parameter(ebb.ones([1]));
  layers = [new nn.Linear(2, 3), new nn.Linear(3, 2)];
  inner = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU());
  count = nn.buffer(ebb.zeros([], { dtype: "int64" }));
  note = "not a tensor";
  between: ebb.Tensor | null = null;

  override forward(x: ebb.Tensor): ebb.Tensor {
    this.between = this.layers[0].forward(x.mul(this.scale));
    return this.inner.forward(this.layers[1].forward(this.between));
  }
}

const NAMES = [
  "scale",
  "count",
  "layers.0.weight",
  "layers.0.bias",
  "layers.1.weight",
  "layers.1.bias",
  "inner.0.weight",
  "inner.0.bias",
];

Deno.test("a module finds parameters, buffers and modules among its properties and in arrays", () =>
  leakFree(() => {
    using model = new Small();
    assertEquals(Object.keys(model.stateDict()), NAMES);
    assertEquals(model.namedParameters().map(([name]) => name), NAMES.filter((name) => name !== "count"));
    assertEquals(model.namedBuffers().map(([name]) => name), ["count"]);
    assertEquals(model.namedModules().map(([name]) => name), [
      "",
      "layers.0",
      "layers.1",
      "inner",
      "inner.0",
      "inner.1",
    ]);
    assertStrictEquals(model.stateDict().scale, model.scale);
  }));

Deno.test("a tensor in two places is one parameter with two names in the state", () =>
  leakFree(() => {
    class Tied extends nn.Module {
      a = new nn.Linear(2, 2, { bias: false });
      b = new nn.Linear(2, 2, { bias: false });
      again = this.a.weight;
      override forward(x: ebb.Tensor): ebb.Tensor {
        return x;
      }
    }
    using model = new Tied();
    assertEquals(Object.keys(model.stateDict()), ["again", "a.weight", "b.weight"]);
    assertEquals(model.namedParameters().map(([name]) => name), ["again", "b.weight"]);
  }));

Deno.test("a forward pass frees what it computes on the way, and gradients still arrive", () =>
  leakFree(() => {
    using model = new Small();
    const before = ebb.defaultDevice().memory().storages;
    using x = ebb.ones([4, 2]);
    using y = ebb.noGrad(() => model.forward(x));
    assertEquals(ebb.defaultDevice().memory().storages, before + 2);
    assert(model.between!.disposed);
    y.dispose();
    ebb.scope(() => model.forward(x).square().sum().backward());
    assertEquals(
      model.parameters().map(({ grad }) => grad!.shape),
      model.parameters().map(({ shape }) => shape),
    );
  }));

Deno.test("a subclass may call the forward pass of the class above it, and hooks run once", () =>
  leakFree(() => {
    class Doubled extends nn.Linear {
      override forward(x: ebb.Tensor): ebb.Tensor {
        return super.forward(x).mul(2);
      }
    }
    using layer = new Doubled(2, 2);
    let calls = 0;
    layer.registerForwardHook(() => void calls++);
    using x = ebb.ones([1, 2]);
    using y = layer.forward(x);
    using bare = ebb.linear(x, layer.weight, layer.bias);
    using twice = bare.mul(2);
    assertEquals([y.toArray(), calls], [twice.toArray(), 1]);
  }));

Deno.test("hooks see inputs and outputs, may replace them, and end", () =>
  leakFree(() => {
    using layer = new nn.Linear(2, 1, { bias: false });
    using x = ebb.ones([1, 2]);
    using plain = layer.forward(x);
    const seen: unknown[] = [];
    const ends = [
      layer.registerForwardPreHook((_, [x]) => [(x as ebb.Tensor).mul(3)]),
      layer.registerForwardHook((module, [x], y) => {
        seen.push(module, (x as ebb.Tensor).toArray());
        return (y as ebb.Tensor).add(1);
      }),
    ];
    using hooked = layer.forward(x);
    assertEquals(seen, [layer, [[3, 3]]]);
    assert(Math.abs(hooked.item() - (plain.item() * 3 + 1)) < 1e-6);
    for (const end of ends) end();
    using after = layer.forward(x);
    assertEquals([after.item(), seen.length], [plain.item(), 2]);
  }));

Deno.test("a hook can keep a feature beyond the pass", () =>
  leakFree(() => {
    using model = new nn.Sequential(new nn.Linear(2, 3), new nn.Linear(3, 1));
    let feature: ebb.Tensor | undefined;
    model.at(0)!.registerForwardHook((_, __, y) => void (feature = ebb.keep(y as ebb.Tensor)));
    using x = ebb.ones([1, 2]);
    using y = model.forward(x);
    assertEquals([feature!.shape, y.shape], [[1, 3], [1, 1]]);
    feature!.dispose();
  }));

Deno.test("train() and eval() reach every module", () =>
  leakFree(() => {
    using model = new Small();
    assertEquals(new Set(model.eval().modules().map(({ training }) => training)), new Set([false]));
    assertEquals(new Set(model.train().modules().map(({ training }) => training)), new Set([true]));
  }));

Deno.test("loadStateDict() copies, and lists all that does not fit without changing anything", () =>
  leakFree(() => {
    using a = new Small();
    using b = new Small();
    const { weight } = b.layers[0];
    assertEquals(b.loadStateDict(a.stateDict()), { missing: [], unexpected: [] });
    assertEquals(b.layers[0].weight.toArray(), a.layers[0].weight.toArray());
    assertStrictEquals(b.layers[0].weight, weight);
    assertNotEquals(weight.storage, a.layers[0].weight.storage);

    using wrong = ebb.zeros([5]);
    using extra = ebb.zeros([1]);
    const { scale, "layers.0.weight": _, ...rest } = a.stateDict();
    const faulty = { ...rest, scale, "inner.0.bias": wrong, other: extra };
    ebb.noGrad(() => a.scale.mul_(7));
    const sentence =
      'loadStateDict: expected the tensors of Small but found "layers.0.weight" missing; "other" unknown; ' +
      '"inner.0.bias" of shape [5] instead of [2]';
    assertThrows(() => b.loadStateDict(faulty), Error, sentence);
    assertEquals(b.scale.item(), 1);
    const { "inner.0.bias": __, ...loose } = faulty;
    assertEquals(b.loadStateDict(loose, { strict: false }), {
      missing: ["layers.0.weight", "inner.0.bias"],
      unexpected: ["other"],
    });
    assertEquals(b.scale.item(), 7);
  }));

Deno.test("to() moves tensors under their handles, and an optimizer goes on where they went", () =>
  leakFree(() => {
    using model = new nn.Linear(2, 2);
    using optimizer = new ebb.optim.SGD(model.parameters(), { lr: 0.5, momentum: 0.9 });
    const { weight } = model;
    const step = () => {
      optimizer.zeroGrad();
      const { device, dtype } = weight;
      ebb.scope(() => model.forward(ebb.ones([3, 2], { device, dtype })).sum().backward());
      optimizer.step();
    };
    const before = weight.toArray() as number[][];
    step();
    const other = ebb.cpu();
    model.to(other);
    assertStrictEquals(model.weight, weight);
    assertEquals([weight.device, weight.grad], [other, null]);
    step();
    model.to("float64").to(ebb.defaultDevice());
    assertEquals(weight.dtype, "float64");
    step();
    const moved = before[0][0] - (weight.toArray() as number[][])[0][0];
    assert(Math.abs(moved - 1.5 * (1 + 1.9 + 2.71)) < 1e-5, `${moved}`);
    assertEquals(other.memory().storages, 0);
    assertThrows(() => model.to("int64"), TypeError, "expected a device or a floating type");
  }));

Deno.test("requiresGrad_() freezes and thaws", () =>
  leakFree(() => {
    using model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 1));
    model.at(0)!.requiresGrad_(false);
    ebb.scope(() => model.forward(ebb.ones([1, 2])).sum().backward());
    assertEquals(model.parameters().map(({ grad }) => grad !== null), [false, false, true, true]);
    model.zeroGrad();
    assertEquals(Object.keys(model.stateDict()).length, 4);
  }));

Deno.test("clone() copies tensors and structure, and leaves hooks, gradients and modes apart", () =>
  leakFree(() => {
    class Shared extends nn.Module {
      body = [new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2)];
      tied = new nn.Linear(2, 2, { bias: false });
      same = this.tied;
      override forward(x: ebb.Tensor): ebb.Tensor {
        for (const layer of this.body) x = layer.forward(x);
        return this.same.forward(x.sum([2, 3]));
      }
    }
    using model = new Shared();
    model.tied.requiresGrad_(false);
    using x = ebb.randn([4, 1, 5, 5]);
    let calls = 0;
    model.registerForwardHook(() => void calls++);
    model.forward(x).dispose();
    using copy = model.clone();
    const state = copy.stateDict();
    assertEquals(Object.keys(state), Object.keys(model.stateDict()));
    for (const [name, tensor] of Object.entries(model.stateDict())) {
      assertEquals(state[name].toArray(), tensor.toArray());
      assertNotEquals(state[name].storage, tensor.storage);
    }
    assertStrictEquals(copy.same, copy.tied);
    assert(copy instanceof Shared && !copy.tied.weight.requiresGrad);
    copy.eval();
    using y = copy.forward(x);
    model.eval();
    using z = model.forward(x);
    assertEquals([y.toArray(), calls], [z.toArray(), 2]);
    model.train();
    model.forward(x).dispose();
    assertEquals(model.stateDict()["body.1.num_batches_tracked"].item(), 2);
    assertEquals(state["body.1.num_batches_tracked"].item(), 1);
    assertEquals([copy.training, model.training], [false, true]);
  }));

Deno.test("parameter() and buffer() refuse what they cannot be", () =>
  leakFree(() => {
    using ids = ebb.zeros([2], { dtype: "int64" });
    using leaf = ebb.zeros([2], { requiresGrad: true });
    using computed = leaf.mul(2);
    assertThrows(() => nn.parameter(ids), TypeError, "parameter: expected a leaf of a floating type");
    assertThrows(() => nn.parameter(computed), TypeError, "parameter: expected a leaf");
    assertThrows(() => nn.buffer(leaf), TypeError, "buffer: expected a tensor that requires no gradient");
  }));

Deno.test("a module made within a scope outlives it", () =>
  leakFree(() => {
    using model = ebb.scope(() => new nn.Linear(2, 2));
    assertEquals(model.parameters().map(({ disposed }) => disposed), [false, false]);
  }));

Deno.test("toString() is a tree with settings, shapes and counts", () =>
  leakFree(() => {
    using model = new nn.Sequential(
      new nn.Conv2d(1, 16, 3, { padding: 1 }),
      new nn.BatchNorm2d(16),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(3136, 10, { bias: false }),
    );
    assertEquals(
      String(model),
      `Sequential()
  0: Conv2d(1, 16, 3, padding 1)   weight [16, 1, 3, 3], bias [16]     160
  1: BatchNorm2d(16)               weight [16], bias [16]               32
  2: ReLU()
  3: Flatten()
  4: Linear(3136, 10, bias false)  weight [10, 3136]                31,360
31,552 parameters`,
    );
  }));
