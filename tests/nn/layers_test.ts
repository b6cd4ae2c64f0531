/**
 * Layers: shapes of what they own, first values, modes, and containers that fuse.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import reference from "./reference/attention.json" with { type: "json" };

const { nn } = ebb;

function opsOf(fn: () => void): string[] {
  const seen: string[] = [];
  const end = ebb.observeOps({ before: () => {}, after: (op) => seen.push(op) });
  try {
    fn();
  } finally {
    end();
  }
  return seen;
}

function range(tensor: ebb.Tensor): [number, number] {
  const values = tensor.data() as Float32Array;
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

Deno.test("layers own weights of PyTorch's shapes", () =>
  leakFree(() => {
    const shapes = (layer: ebb.nn.Module) => {
      const found = Object.entries(layer.stateDict()).map(([name, { shape }]) => `${name} ${shape}`);
      layer.dispose();
      return found;
    };
    assertEquals(shapes(new nn.Linear(3, 5)), ["weight 5,3", "bias 5"]);
    assertEquals(shapes(new nn.Conv2d(4, 6, [3, 5], { groups: 2 })), ["weight 6,2,3,5", "bias 6"]);
    assertEquals(shapes(new nn.Conv1d(4, 6, 3, { bias: false })), ["weight 6,4,3"]);
    assertEquals(shapes(new nn.ConvTranspose2d(4, 6, 2, { groups: 2 })), ["weight 4,3,2,2", "bias 6"]);
    assertEquals(shapes(new nn.BatchNorm1d(4)), [
      "weight 4",
      "bias 4",
      "running_mean 4",
      "running_var 4",
      "num_batches_tracked ",
    ]);
    assertEquals(shapes(new nn.LayerNorm([2, 3], { bias: false })), ["weight 2,3"]);
    assertEquals(shapes(new nn.GroupNorm(2, 4)), ["weight 4", "bias 4"]);
    assertEquals(shapes(new nn.Embedding(10, 4)), ["weight 10,4"]);
    assertEquals(shapes(new nn.MultiheadAttention(8, 2)), [
      "in_proj_weight 24,8",
      "in_proj_bias 24",
      "out_proj.weight 8,8",
      "out_proj.bias 8",
    ]);
  }));

Deno.test("weights begin as PyTorch's do, from the seeded generator", () =>
  leakFree(() => {
    ebb.seed(5);
    const make = () => new nn.Conv2d(8, 100, 5);
    using first = make();
    using second = make();
    ebb.seed(5);
    using again = make();
    assertEquals(again.weight.data(), first.weight.data());
    assert(String(second.weight.data()) !== String(first.weight.data()));
    const bound = 1 / Math.sqrt(8 * 25);
    for (const tensor of [first.weight, first.bias!]) {
      const [low, high] = range(tensor);
      assert(low >= -bound && low < -0.9 * bound && high <= bound && high > 0.9 * bound, `${low} ${high}`);
    }
  }));

Deno.test("initialisations have the deviations of their papers", () =>
  leakFree(() => {
    ebb.seed(6);
    const { init } = nn;
    const shape = [200, 50, 3, 3];
    const deviation = (made: ebb.Tensor) => {
      const values = made.data() as Float32Array;
      made.dispose();
      const mean = values.reduce((a, b) => a + b) / values.length;
      assertAlmostEquals(mean, 0, 1e-3);
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    };
    const he = Math.sqrt(2 / 450);
    const xavier = Math.sqrt(2 / (450 + 1800));
    assertAlmostEquals(deviation(init.kaimingNormal(shape)), he, 0.01 * he);
    assertAlmostEquals(
      deviation(init.kaimingUniform(shape, { slope: Math.sqrt(5) })),
      he / Math.sqrt(6),
      1e-3,
    );
    assertAlmostEquals(deviation(init.kaimingUniform(shape, { mode: "fanOut" })), he / 2, 1e-3);
    assertAlmostEquals(deviation(init.xavierNormal(shape)), xavier, 0.01 * xavier);
    assertAlmostEquals(deviation(init.xavierUniform(shape, { gain: 2 })), 2 * xavier, 0.02 * xavier);
    assertThrows(() => init.kaimingNormal([3]), RangeError, "expected a weight of at least two axes");
    assertThrows(() => init.normal([3], 0, 1, { dtype: "int64" }), TypeError, "expected a floating type");
  }));

Deno.test("Sequential runs activations in the calls before them, with one result", () =>
  leakFree(() => {
    ebb.seed(7);
    using model = new nn.Sequential(
      new nn.Conv2d(2, 16, 3),
      new nn.ReLU(),
      new nn.Conv2d(16, 16, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(16),
      new nn.ReLU(),
      new nn.Flatten(),
      new nn.Linear(64, 8),
      new nn.GELU(),
      new nn.Linear(8, 4),
    );
    model.eval();
    using x = ebb.randn([3, 2, 4, 4]);
    const run = () =>
      ebb.scope(() => {
        model.zeroGrad();
        const y = model.forward(x);
        y.square().sum().backward();
        return [y, ...model.parameters().map(({ grad }) => grad!)].map((
          tensor,
        ) => [...tensor.data() as Float32Array]);
      });
    const names = opsOf(() => ebb.noGrad(() => model.forward(x).dispose()));
    assertEquals(names.filter((name) => name === "relu" || name === "gelu"), []);
    const fused = run();
    for (const module of model) module.registerForwardHook(() => {});
    const watched = opsOf(() => ebb.noGrad(() => model.forward(x).dispose()));
    assertEquals(watched.filter((name) => name === "relu" || name === "gelu"), ["relu", "relu", "gelu"]);
    run().forEach((values, i) => values.forEach((value, j) => assertAlmostEquals(value, fused[i][j], 1e-4)));
    model.zeroGrad();
  }));

Deno.test("Sequential frees on the way what no later layer reads", () =>
  leakFree(() => {
    const device = ebb.cpu();
    using model = new nn.Sequential(...Array.from({ length: 8 }, () => new nn.Tanh()));
    using x = ebb.ones([1 << 18], { device });
    ebb.noGrad(() => model.forward(x).dispose());
    assert(device.memory().peakBytes <= 3.1 * x.bytes, `${device.memory().peakBytes / x.bytes}`);
    using same = new nn.Sequential(new nn.Identity(), new nn.Identity()).forward(x);
    assert(same === x);
  }));

Deno.test("batch norm counts batches and goes by its running statistics in evaluation", () =>
  leakFree(() => {
    using layer = new nn.BatchNorm1d(2, { momentum: 0.5 });
    using x = ebb.tensor([[1, 2], [3, 6]]);
    for (let i = 0; i < 3; i++) layer.forward(x).dispose();
    assertEquals(layer.numBatchesTracked!.item(), 3);
    assertEquals(layer.runningMean!.toArray(), [1.75, 3.5]);
    layer.eval();
    using y = layer.forward(x);
    const variance = [1 / 8 + 2 * 7 / 8, 1 / 8 + 8 * 7 / 8];
    const wanted = [[1, 2], [3, 6]].map((row) =>
      row.map((v, i) => (v - [1.75, 3.5][i]) / Math.sqrt(variance[i] + 1e-5))
    );
    (y.toArray() as number[][]).flat().forEach((v, i) => assertAlmostEquals(v, wanted.flat()[i], 1e-5));
    assertEquals(layer.stateDict().num_batches_tracked.item(), 3);

    using other = new nn.BatchNorm1d(2, { momentum: null });
    other.loadStateDict(layer.stateDict());
    other.forward(x).dispose(); // the fourth of four
    assertEquals(other.runningMean!.toArray(), [1.75 * 0.75 + 0.5, 3.5 * 0.75 + 1]);
    assertEquals(other.numBatchesTracked!.item(), 4);
    using image = ebb.ones([1, 2, 1, 1]);
    assertThrows(() => layer.forward(image), RangeError, "BatchNorm1d: expected rows");
  }));

function sines(shape: readonly number[], shift: number): ebb.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return ebb.tensor(Array.from({ length: size }, (_, i) => Math.sin(i * 0.7 + shift) / 2), { shape });
}

/** Loads sines under the names of PyTorch's layer. */
function loadSines(layer: ebb.nn.Module, shapes: Record<string, number[]>): void {
  ebb.scope(() => {
    const tensors = Object.entries(shapes).map(([name, shape], i) => [name, sines(shape, i)]);
    layer.loadStateDict(Object.fromEntries(tensors));
  });
}

function assertClose(found: ebb.Tensor, wanted: number[]): void {
  const values = found.data() as Float32Array;
  assertEquals(values.length, wanted.length);
  wanted.forEach((value, i) => assertAlmostEquals(values[i], value, 1e-5));
}

Deno.test("MultiheadAttention loads PyTorch's state and gives its values, across sequences and causal", () =>
  leakFree(() =>
    ebb.scope(() => {
      using attention = new nn.MultiheadAttention(6, 2);
      loadSines(attention, reference.shapes.attention);
      const [query, key, value] = [sines([2, 3, 6], 100), sines([2, 4, 6], 101), sines([2, 4, 6], 102)];
      assertClose(attention.forward(query, key, value), reference.cross);
      assertClose(attention.forward(query, query, query, { isCausal: true }), reference.causal);
      const mask = ebb.tensor([[true, false, false], [true, true, false], [true, true, true]]);
      assertClose(attention.forward(query, query, query, { mask }), reference.causal);
      attention.forward(query, key, value).sum().backward();
      assert(attention.parameters().every(({ grad }) => grad !== null));
      assertThrows(
        () => attention.forward(ebb.ones([2, 3, 5])),
        RangeError,
        "expected sequences [N, T, 6] but found [2, 3, 5]",
      );
    })
  ));

Deno.test("TransformerBlock loads the state of PyTorch's encoder layer and gives its values", () =>
  leakFree(() =>
    ebb.scope(() => {
      using block = new nn.TransformerBlock(6, 2, { hidden: 8, isCausal: true });
      loadSines(block, reference.shapes.block);
      assertClose(block.forward(sines([2, 3, 6], 100)), reference.block);
    })
  ));

Deno.test("dropout in a TransformerBlock changes training and not evaluation", () =>
  leakFree(() =>
    ebb.scope(() => {
      using block = new nn.TransformerBlock(6, 2, { dropout: 0.5 });
      const x = sines([2, 3, 6], 100);
      const run = () => String(block.forward(x).data());
      assert(run() !== run());
      block.eval();
      assertEquals(run(), run());
    })
  ));

Deno.test("layers refuse sizes that make no sense", () => {
  assertThrows(
    () => new nn.Linear(0, 2),
    RangeError,
    "Linear: expected inputs to be a whole number above 0 but found 0",
  );
  assertThrows(
    () => new nn.Conv2d(3, 4, 3, { groups: 2 }),
    RangeError,
    "Conv2d: expected inputs and outputs that divide by 2",
  );
  assertThrows(
    () => new nn.GroupNorm(3, 4),
    RangeError,
    "GroupNorm: expected channels that divide by 3 but found 4",
  );
  assertThrows(() => new nn.Dropout(1.5), RangeError, "Dropout: expected a share from 0 to 1 but found 1.5");
  assertThrows(
    () => new nn.MultiheadAttention(8, 3),
    RangeError,
    "expected a width that divides by 3 heads but found 8",
  );
  assertThrows(
    () => new nn.ModuleList().forward(),
    Error,
    "ModuleList: expected its modules to be called one by one",
  );
  assertThrows(
    () => new nn.Sequential(null as never),
    TypeError,
    "Sequential: expected modules but found null",
  );
});
