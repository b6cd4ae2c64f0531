/**
 * What swap costs: the time of a training step in a part of the memory that it needs, against the same step without a
 * budget, over links of several speeds, in alternating blocks of one process. A link's speed is given by the ratio r:
 * the time to carry all that the tape saves one way, over the step's time without a budget (r = 1.4 is a large model on
 * a GPU). Prints markdown; losses are compared bit by bit. The row
 * "profiled" has swap and no budget: what its light profiler costs.
 *
 *     EBB_THREADS=1 deno run -A bench/swap.ts [--cases gpt,resnet,mlp] [--parts 2,4,8] [--ratios 0.1,0.35,0.7,1.4]
 *                                             [--policies joint,swap,passive] [--rounds 4] [--block 3]
 *
 * One thread computes, so that the second core is free to copy, as a GPU's copy engine is.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { parseOptions, pick } from "./options.ts";
import { summarize, table } from "./peers/report.ts";
import { uniform } from "./values.ts";

/** Steps before times count: plans are made, graphs compiled. */
const WARM_UP = 4;

const options = parseOptions({
  cases: "gpt,resnet,mlp",
  parts: "2,4,8",
  ratios: "0.1,0.35,0.7,1.4",
  policies: "joint,swap",
  rounds: 4,
  block: 3,
});

/** A training that can be stepped on a device; gives the loss. */
type Make = () => { step: () => number; parts: Disposable[] };

function numbers(seed: number, shape: number[]): ebb.Tensor {
  return ebb.tensor(uniform(seed, shape.reduce((a, b) => a * b), 1), { shape });
}

function classes(n: number, of: number): ebb.Tensor {
  return ebb.tensor(Array.from({ length: n }, (_, i) => i * 7 % of), { dtype: "int64" });
}

function training(
  model: ebb.nn.Module,
  optimizer: ebb.optim.Optimizer<ebb.optim.CommonOptions>,
  x: ebb.Tensor,
  y: ebb.Tensor,
): ReturnType<Make> {
  const step = () =>
    ebb.scope(() => {
      const loss = ebb.crossEntropy(model.forward(x), y);
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item();
    });
  return { step, parts: [optimizer, model, x, y] };
}

const CASES: Record<string, Make> = {
  gpt: () => {
    const model = ebb.models.gpt({ vocab: 65, layers: 6, heads: 4, width: 128, context: 128 });
    const x = ebb.tensor(Array.from({ length: 16 * 128 }, (_, i) => i * 13 % 65), {
      shape: [16, 128],
      dtype: "int64",
    });
    const y = ebb.tensor(Array.from({ length: 16 * 128 }, (_, i) => (i + 1) * 13 % 65), {
      shape: [16, 128],
      dtype: "int64",
    });
    return training(model, new ebb.optim.AdamW(model.parameters()), x, y);
  },
  resnet: () => {
    const model = ebb.models.preactResnet18({ width: 16, classes: 10 });
    return training(
      model,
      new ebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 }),
      numbers(60, [64, 3, 32, 32]),
      classes(64, 10),
    );
  },
  mlp: () => {
    const model = ebb.models.mlp({ sizes: [512, ...Array(24).fill(512), 10] });
    return training(
      model,
      new ebb.optim.Adam(model.parameters()),
      numbers(10, [1024, 512]),
      classes(1024, 10),
    );
  },
};

const POLICIES: Record<string, ebb.SwapOptions> = {
  joint: {},
  swap: { policy: ebb.policy.swapping },
  passive: { policy: () => ebb.policy.compose() },
  everything: {
    policy: () => ebb.policy.compose(ebb.policy.everything()),
  },
  lru: { policy: ({ budget }) => ebb.policy.compose(ebb.policy.candidates(), ebb.policy.lru({ budget })) },
  recompute: {
    policy: ({ budget }) => ebb.policy.compose(ebb.policy.recompute({ budget, share: 2 })),
  },
  belady: {
    policy: ({ budget }) =>
      ebb.policy.compose(ebb.policy.candidates(), ebb.policy.belady({ budget }), ebb.policy.prefetch()),
  },
};

/** A training on a device of its own. */
interface Runner extends Disposable {
  name: string;
  step(): Promise<number>;
  times: number[];
  losses: number[];
  /** Why it cannot go on. */
  failed: string | null;
  device: ebb.Device;
  swap: ebb.Swap | null;
}

function runner(name: string, make: Make, device: ebb.Device, swapOptions: ebb.SwapOptions | null): Runner {
  ebb.seed(1);
  // Before the model, which may be larger than the device.
  const swap = swapOptions === null ? null : ebb.swap(device, swapOptions);
  const { step, parts } = ebb.withDevice(device, make);
  const inside = () => ebb.withDevice(device, step);
  return {
    name,
    device,
    swap,
    times: [],
    losses: [],
    failed: null,
    step: () => swap === null ? Promise.resolve(inside()) : swap.step(inside),
    [Symbol.dispose]() {
      swap?.dispose();
      for (const part of parts) part[Symbol.dispose]();
    },
  };
}

/** Bytes that the forward pass makes and the backward pass reads. */
function savedBytes({ phases, storages }: ebb.Trace): number {
  return storages
    .filter(({ born, uses }) => born >= 0 && phases[born] === 0 && uses.some((use) => phases[use] === 1))
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

const MIB = 2 ** 20;
const list = (text: string) => text.split(",").map(Number);

/** What a case needs without a budget: bytes reserved, milliseconds of a step, bytes saved for backward. */
async function need(make: Make): Promise<{ peakBytes: number; stepMs: number; saved: number }> {
  const device = ebb.cpu();
  using run = runner("", make, device, {});
  const times: number[] = [];
  for (let i = 0; i < WARM_UP + 5; i++) {
    const start = performance.now();
    await run.step();
    if (i >= WARM_UP) times.push(performance.now() - start);
  }
  const saved = savedBytes(run.swap!.trace());
  return { peakBytes: device.memory().peakBytes, stepMs: summarize(times).median, saved };
}

const rows: (string | number)[][] = [];
for (const name of pick("cases", options.cases, Object.keys(CASES))) {
  const make = CASES[name];
  const { peakBytes, stepMs, saved } = await need(make);
  console.error(
    `${name}: ${(peakBytes / MIB).toFixed(0)} MiB, ${stepMs.toFixed(0)} ms, ${
      (saved / MIB).toFixed(0)
    } MiB saved`,
  );
  for (const ratio of list(options.ratios)) {
    const link = { bytesPerSecond: saved / (ratio * stepMs) * 1000 };
    // With swap and no budget nothing moves: what is left is the light profiler.
    const runners = [
      runner("no budget", make, ebb.cpu(), null),
      runner("no budget, profiled", make, ebb.cpu(), {}),
    ];
    for (const part of list(options.parts)) {
      for (const policy of pick("policies", options.policies, Object.keys(POLICIES))) {
        const device = ebb.cpu({ budget: Math.floor(peakBytes / part), link });
        runners.push(runner(`1/${part} ${policy}`, make, device, POLICIES[policy]));
      }
    }
    for (let round = 0; round <= options.rounds; round++) {
      for (const run of runners) {
        for (let i = 0; i < (round === 0 ? WARM_UP : options.block) && run.failed === null; i++) {
          const start = performance.now();
          try {
            run.losses.push(await run.step());
          } catch (error) {
            if (!(error instanceof ebb.OutOfMemoryError)) throw error;
            run.failed = error.message.split(":")[0];
          }
          if (round > 0) run.times.push(performance.now() - start);
        }
      }
    }
    const base = summarize(runners[0].times);
    for (const { name: kind, times, losses, failed, device, swap } of runners) {
      if (failed !== null) {
        rows.push([name, ratio, kind, `out of memory in ${failed}`, ...Array(8).fill("")]);
        continue;
      }
      const { median, min, spread } = summarize(times);
      const report = swap?.report();
      rows.push([
        name,
        ratio,
        kind,
        median.toFixed(1),
        min.toFixed(1),
        `${(spread * 100).toFixed(0)} %`,
        (median / base.median).toFixed(3),
        report ? report.measuredStallMs.toFixed(1) : "",
        report ? ((report.bytesOut + report.bytesIn) / MIB).toFixed(0) : "",
        report ? report.evictions : "",
        `${(device.memory().peakBytes / MIB).toFixed(1)}`,
        String(losses) === String(runners[0].losses) ? "yes" : "**no**",
      ]);
    }
    for (const run of runners) run[Symbol.dispose]();
  }
}
const head = ["case", "r", "memory", "ms, median", "min", "spread", "÷ no budget", "stalls, ms", "MiB moved"];
console.log(table([...head, "evictions", "peak, MiB", "same losses"], rows));
