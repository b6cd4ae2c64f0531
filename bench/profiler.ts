/**
 * What the profilers cost: a training step under the light one (swap with no budget, so that nothing moves), and under
 * the detailed one (`profile`, with and without call sites), against the same step unwatched. Call sites are read after
 * the step has run: the whole call and the step in it (`wallMs`) are two rows. The runs alternate in blocks of one
 * process; a block counts as its 20th percentile, which a busy machine disturbs least, and is compared with the
 * unwatched one beside it. Where tensors lie in memory makes a difference too: the models are made anew several times,
 * and a second unwatched one shows what is left of that. Prints markdown.
 *
 *     EBB_THREADS=1 deno run -A bench/profiler.ts [--cases gpt,mlp] [--times 6] [--rounds 10] [--block 10]
 *
 * @module
 */
import * as ebb from "../mod.ts";
import type { Case } from "./case.ts";
import { mlp } from "./networks.ts";
import { parseOptions, pick } from "./options.ts";
import { quantile, summarize, table } from "./peers/report.ts";

const options = parseOptions({ cases: "gpt,mlp", times: 6, rounds: 10, block: 10 });

/** Steps before times count: graphs are compiled, swap's plan is made and measured. */
const WARM_UP = 20;
/** Steps at the begin of a block that do not count: caches still hold another run. */
const SETTLE = 2;

/** A GPT of four blocks on 8 sequences of 64 tokens. */
function gpt(): Case {
  const model = ebb.models.gpt({ vocab: 65, layers: 4, heads: 4, width: 128, context: 64 });
  const optimizer = new ebb.optim.AdamW(model.parameters());
  const tokens = (shift: number) =>
    ebb.tensor(Array.from({ length: 8 * 64 }, (_, i) => (i + shift) * 13 % 65), {
      shape: [8, 64],
      dtype: "int64",
    });
  const parts = [optimizer, model, tokens(0), tokens(1)] as const;
  const [, , x, y] = parts;
  return {
    operations: 1,
    step: () =>
      ebb.scope(() => {
        optimizer.zeroGrad();
        const loss = ebb.crossEntropy(model.forward(x), y);
        loss.backward();
        optimizer.step();
        return loss.item();
      }),
    [Symbol.dispose]() {
      for (const part of parts) part[Symbol.dispose]();
    },
  };
}

const CASES: Record<string, () => Case> = { gpt, mlp };

/** How a step is watched: given the step, what runs it watched and gives milliseconds. */
type Watch = (device: ebb.Device, step: () => number) => () => Promise<number>;

/** Runs something; milliseconds. */
async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const WATCHES: Record<string, Watch> = {
  "unwatched": (_, step) => () => timed(step),
  "unwatched, another": (_, step) => () => timed(step),
  "light: swap, no budget": (device, step) => {
    const swap = ebb.swap(device);
    return () => timed(() => swap.step(step));
  },
  "detailed, no call sites": (_, step) => () => timed(() => ebb.profile(step, { callSites: false })),
  "detailed, the step in it": (_, step) => async () => (await ebb.profile(step)).wallMs,
  "detailed": (_, step) => () => timed(() => ebb.profile(step)),
};

/** Milliseconds of a step in each block, by how it is watched; and the ops of a step. */
async function measure(make: () => Case): Promise<{ blocks: Map<string, number[]>; ops: number }> {
  const blocks = new Map(Object.keys(WATCHES).map((title) => [title, [] as number[]]));
  let ops = 0;
  for (let time = 0; time < options.times; time++) {
    const runs = Object.entries(WATCHES).map(([title, watch]) => {
      const device = ebb.cpu();
      const made = ebb.withDevice(device, make);
      const step = () => ebb.withDevice(device, () => made.step() as number);
      return { title, made, plain: step, step: watch(device, step) };
    });
    for (const { step } of runs) for (let i = 0; i < WARM_UP; i++) await step();
    ops = (await ebb.profile(runs[0].plain)).ops.length;
    for (let round = 0; round < options.rounds; round++) {
      // Back and forth, so that a machine that grows slower disturbs none more than the others.
      for (const { title, step } of round % 2 === 0 ? runs : runs.toReversed()) {
        const times: number[] = [];
        for (let i = 0; i < SETTLE + options.block; i++) {
          const ms = await step();
          if (i >= SETTLE) times.push(ms);
        }
        blocks.get(title)!.push(summarize(times).p20);
      }
    }
    for (const { made } of runs) made[Symbol.dispose]();
  }
  return { blocks, ops };
}

const rows: (string | number)[][] = [];
for (const name of pick("cases", options.cases, Object.keys(CASES))) {
  const { blocks, ops } = await measure(CASES[name]);
  const [base] = blocks.values();
  const whole = summarize(base).median;
  for (const [title, times] of blocks) {
    const over = times.map((ms, block) => ms - base[block]).sort((a, b) => a - b);
    const [low, middle, high] = [0.2, 0.5, 0.8].map((q) => quantile(over, q));
    const share = (ms: number) => `${(ms / whole * 100).toFixed(2)} %`;
    const perOp = (middle / ops * 1000).toFixed(2);
    const range = `${share(low)} – ${share(high)}`;
    rows.push([name, ops, title, summarize(times).median.toFixed(3), share(middle), range, perOp]);
  }
}
const head = ["case", "ops", "watched", "ms", "overhead, median", "p20 – p80 of blocks", "µs an op"];
console.log(table(head, rows));
