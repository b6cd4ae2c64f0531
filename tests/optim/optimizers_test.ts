/**
 * Optimizers against PyTorch's on the same gradients, alone and in buckets, and what they remember.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { presentDevices } from "../tensor/devices.ts";
import reference from "./reference/optimizers.json" with { type: "json" };

const SHAPES = [[3, 4], [5]];
const { optim } = ebb;

type Kind = "SGD" | "Adam" | "AdamW";
type Settings = Record<string, unknown>;

function wave(fn: (x: number) => number, shape: number[], shift: number, dtype: ebb.DType = "float32") {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Array.from({ length: size }, (_, i) => fn(i * 1.7 + shift));
  return ebb.tensor(values, { shape, dtype });
}

function parametersOf(dtype: ebb.DType = "float32"): ebb.Tensor[] {
  return SHAPES.map((shape, i) => {
    const parameter = wave(Math.cos, shape, i, dtype);
    parameter.requiresGrad = true;
    return parameter;
  });
}

/** Gives the gradients of step `step`; the second parameter has none at steps 4 and 5. */
function differentiate(parameters: ebb.Tensor[], step: number): void {
  parameters.forEach((parameter, i) => {
    parameter.grad?.dispose();
    const skipped = i === 1 && (step === 4 || step === 5);
    parameter.grad = skipped ? null : wave(Math.sin, SHAPES[i], 3 * step + i, parameter.dtype);
  });
}

function make(kind: Kind, parameters: ebb.Tensor[], options: Settings): ebb.optim.Optimizer<never> {
  return new optim[kind](parameters, options) as unknown as ebb.optim.Optimizer<never>;
}

function train(kind: Kind, options: Settings, steps = 8, dtype: ebb.DType = "float32"): number[][] {
  const parameters = parametersOf(dtype);
  using optimizer = make(kind, parameters, options);
  for (let step = 0; step < steps; step++) {
    differentiate(parameters, step);
    optimizer.step();
  }
  const result = numbers(parameters);
  for (const parameter of parameters) parameter.dispose();
  return result;
}

function numbers(tensors: ebb.Tensor[]): number[][] {
  return tensors.map((tensor) => tensor.toArray().toString().split(",").map(Number));
}

function distance(a: number[][], b: number[][]): number {
  return Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i][j]))));
}

function camel(options: Settings): Settings {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name.replace(/_(.)/g, (_, c) => c.toUpperCase()), value]),
  );
}

/** Steps, a state, and steps from it by others: the same as without the state in between. */
function continues(dtypes: ebb.DType[]): void {
  const kinds: [Kind, Settings][] = [
    ["SGD", { lr: 0.1, momentum: 0.9, dampening: 0.1 }],
    ["Adam", { lr: 0.01 }],
    ["AdamW", { lr: 0.01, betas: [0.7, 0.9] }],
  ];
  for (const [kind, options] of kinds) {
    for (const dtype of dtypes) {
      const straight = train(kind, options, 8, dtype);
      const first = parametersOf(dtype);
      using optimizer = make(kind, first, options);
      for (let step = 0; step < 5; step++) {
        differentiate(first, step);
        optimizer.step();
      }
      const second = first.map((parameter) =>
        ebb.tensor(parameter.data(), { shape: parameter.shape, dtype, requiresGrad: true })
      );
      using again = make(kind, second, { lr: 1 });
      again.loadStateDict(optimizer.stateDict());
      for (let step = 5; step < 8; step++) {
        differentiate(second, step);
        again.step();
      }
      assertEquals(numbers(second), straight, `${kind} ${dtype}`);
      for (const parameter of [...first, ...second]) parameter.dispose();
    }
  }
}

for (const { kind, open } of presentDevices()) {
  for (const { optimizer, options, parameters } of reference) {
    const settings = camel(options);
    const what = `with ${JSON.stringify(settings)}, a gradient missing at times`;
    Deno.test(`${optimizer} goes where PyTorch's goes on ${kind} ${what}`, () => {
      const device = open();
      ebb.withDevice(device, () =>
        leakFree(() => {
          assert(distance(train(optimizer as Kind, settings), parameters) < 2e-6);
          if (kind === "cpu") {
            assert(distance(train(optimizer as Kind, settings, 8, "float64"), parameters) < 2e-6);
          }
        }, device));
      device.emptyCache();
    });
  }

  Deno.test(`a run continues bit-identically from the state of each kind of optimizer on ${kind}`, () => {
    const device = open();
    ebb.withDevice(
      device,
      () => leakFree(() => continues(kind === "cpu" ? ["float32", "float16"] : ["float32"]), device),
    );
    device.emptyCache();
  });
}

for (const dtype of ["float16", "bfloat16"] as const) {
  Deno.test(
    `a ${dtype} parameter is updated in a float32 copy, so that small steps add up`,
    () =>
      leakFree(() => {
        const parameter = ebb.tensor([1, -1], { dtype, requiresGrad: true });
        const half = dtype === "float16" ? 5e-4 : 4e-3;
        for (const kind of ["SGD", "AdamW"] as const) {
          using optimizer = make(kind, [parameter], { lr: half / 10, weightDecay: 0 });
          const before = numbers([parameter])[0];
          for (let step = 0; step < 40; step++) {
            parameter.grad?.dispose();
            parameter.grad = ebb.tensor([1, -1], { dtype });
            optimizer.step();
          }
          const moved = numbers([parameter])[0].map((value, i) => (before[i] - value) / (4 * half));
          assert(Math.abs(moved[0] - 1) < 0.3 && Math.abs(moved[1] + 1) < 0.3, `${kind}: ${moved}`);
        }
        parameter.dispose();
      }),
  );
}

/** Ops that run inside of `fn`. */
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

Deno.test(
  "one call updates many small parameters, whose handles stay",
  () =>
    leakFree(() => {
      ebb.seed(1);
      const parameters = Array.from({ length: 40 }, (_, i) => ebb.randn([i + 1, 7], { requiresGrad: true }));
      using optimizer = new optim.AdamW(parameters, { lr: 0.1 });
      const grads = () => parameters.forEach((parameter) => parameter.grad ??= ebb.onesLike(parameter));
      grads();
      optimizer.step();
      assertEquals(new Set(parameters.map(({ storage }) => storage)).size, 1);
      assertEquals(parameters.every(({ offset }) => offset % 64 === 0), true);
      assertEquals(opsOf(() => optimizer.step()), ["adamStep"]);
      optimizer.zeroGrad();
      assertEquals(parameters.map(({ grad }) => grad), parameters.map(() => null));
      assertEquals(opsOf(() => optimizer.step()), []);
      for (const parameter of parameters) parameter.dispose();
    }),
);

Deno.test(
  "large parameters stay where they are, very large ones are updated in pieces, with one result",
  () =>
    leakFree(() => {
      ebb.seed(2);
      const size = (1 << 20) + 77;
      const large = ebb.randn([size], { requiresGrad: true });
      const small = ebb.tensor(large.data().slice(-100), { shape: [100], requiresGrad: true });
      const { storage } = large;
      using optimizer = new optim.Adam([large, small], { lr: 0.1, weightDecay: 0.1 });
      large.grad = ebb.tensor(large.data(), { shape: [size] });
      small.grad = ebb.tensor(small.data(), { shape: [100] });
      for (let step = 0; step < 3; step++) optimizer.step();
      assertEquals(large.storage, storage);
      assertEquals(large.data().slice(-100), small.data());
      assertEquals(opsOf(() => optimizer.step()).length, 4); // three pieces and the bucket
      large.dispose();
      small.dispose();
    }),
);

Deno.test(
  "a parameter whose bytes another tensor shares stays with it",
  () =>
    leakFree(() => {
      const parameter = ebb.tensor([1, 2], { requiresGrad: true });
      const other = ebb.tensor([3], { requiresGrad: true });
      using view = parameter.alias();
      using optimizer = new optim.SGD([parameter, other], { lr: 1 });
      parameter.grad = ebb.tensor([1, 1]);
      other.grad = ebb.tensor([1]);
      optimizer.step();
      assertEquals(view.toArray(), [0, 1]);
      parameter.dispose();
      other.dispose();
    }),
);

Deno.test(
  "parameters that part ways and come together again keep their own count of steps",
  () =>
    leakFree(() => {
      const run = (together: boolean) => {
        const parameters = parametersOf();
        const optimizers = together
          ? [new optim.Adam(parameters)]
          : parameters.map((parameter) => new optim.Adam([parameter]));
        for (let step = 0; step < 9; step++) {
          differentiate(parameters, step);
          const none = parameters[step % 3]; // every third step neither, the others one
          none?.grad?.dispose();
          if (none) none.grad = null;
          for (const optimizer of optimizers) optimizer.step();
        }
        const result = numbers(parameters);
        for (const item of [...parameters, ...optimizers]) item.dispose();
        return result;
      };
      assertEquals(run(true), run(false));
    }),
);

Deno.test(
  "a state of another kind or of other parameters is refused, and nothing changes",
  () =>
    leakFree(() => {
      const parameters = parametersOf();
      using adam = new optim.Adam(parameters);
      using sgd = new optim.SGD(parameters, { lr: 0.5 });
      using one = new optim.Adam([parameters[0]]);
      differentiate(parameters, 0);
      adam.step();
      const state = adam.stateDict();
      assertThrows(() => sgd.loadStateDict(state), Error, "expected the state of SGD but found Adam");
      assertThrows(() => one.loadStateDict(state), Error, "expected 1 parameters in group 0 but found 2");
      state.groups[0].parameters[1]!.vectors.sum = new Float32Array(4);
      const sentence = 'expected "sum" of parameter 1 as 5 elements of float32 but found Float32Array of 4';
      assertThrows(() => adam.loadStateDict(state), Error, sentence);
      assertEquals(sgd.lr, 0.5);
      adam.step();
      for (const parameter of parameters) parameter.dispose();
    }),
);

Deno.test(
  "parameter groups have settings of their own, and lr sets all",
  () =>
    leakFree(() => {
      const [a, b] = parametersOf();
      using optimizer = new optim.SGD([{ params: [a] }, { params: [b], lr: 0, weightDecay: 1 }], { lr: 0.1 });
      const before = numbers([a, b]);
      differentiate([a, b], 0);
      optimizer.step();
      const after = numbers([a, b]);
      assertNotEquals(after[0], before[0]);
      assertEquals(after[1], before[1]);
      optimizer.lr = 0.2;
      assertEquals(optimizer.groups.map(({ options }) => options.lr), [0.2, 0.2]);
      a.dispose();
      b.dispose();
    }),
);

Deno.test(
  "what makes no sense is refused with a sentence",
  () =>
    leakFree(() => {
      const [a, b] = parametersOf();
      using text = ebb.tensor([1, 2], { dtype: "int64" });
      assertThrows(() => new optim.SGD([]), Error, "SGD: expected parameters but found none");
      assertThrows(() => new optim.SGD([a, a]), Error, "SGD: expected each parameter once");
      assertThrows(() => new optim.SGD([text]), TypeError, "leaves of a floating type");
      assertThrows(
        () => new optim.SGD([a], { lr: -1 }),
        RangeError,
        "expected lr to be a number of at least 0",
      );
      assertThrows(() => new optim.SGD([a], { nesterov: true }), RangeError, "expected momentum above 0");
      assertThrows(() => new optim.Adam([a], { betas: [0.9, 1] }), RangeError, "betas[1]");
      const optimizer = new optim.Adam([a, b]);
      b.dispose();
      assertThrows(() => optimizer.step(), Error, "Adam: expected live parameters but found Tensor");
      a.dispose();
    }),
);
