/**
 * What swap costs: the time of a training step in a part of the memory that it needs, against the same step without a
 * budget, over links of several speeds, in alternating blocks of one process. A link's speed is given by the ratio r:
 * the time to carry all that the tape saves one way, over the step's time without a budget (r = 1.4 is a large model on
 * a GPU). Prints markdown; losses are compared bit by bit. The row "profiled" has swap and no budget: what its light
 * profiler costs. The bound is that of `policy.bound`, for swap alone, with the times of ops without a budget.
 *
 *     EBB_THREADS=1 deno run -A bench/swap/main.ts [--cases gpt,resnet,mlp] [--parts 2,4,8] [--ratios 0.1,0.35,0.7,1.4]
 *                                                  [--ways joint,swap,checkpoint] [--rounds 4] [--block 3]
 *
 * One thread computes, so that the second core is free to copy, as a GPU's copy engine is.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import { parseOptions, pick } from "../options.ts";
import { summarize, type Summary, table } from "../peers/report.ts";
import { CASES } from "./cases.ts";
import { linkOf, need, Runner, WARM_UP, WAYS } from "./runner.ts";

const options = parseOptions({
  cases: "gpt,resnet,mlp",
  parts: "2,4,8",
  ratios: "0.1,0.35,0.7,1.4",
  ways: "joint,swap",
  rounds: 4,
  block: 3,
});

const MIB = 2 ** 20;
const list = (text: string) => text.split(",").map(Number);

/** The bound for a runner's step, as a multiple of a step without a budget. */
function boundOf({ swap, device }: Runner, base: Summary, bytesPerSecond: number): number | null {
  const { budgetBytes } = device.memory();
  if (swap === null || budgetBytes === Infinity) return null;
  const trace = swap.trace();
  const opMs = trace.opMs ?? trace.ops.map(() => 1);
  const sum = opMs.reduce((a, b) => a + b, 0);
  const usual = { ...trace, opMs: opMs.map((ms) => ms / sum * base.median) };
  const bandwidth = { out: bytesPerSecond, in: bytesPerSecond };
  return ebb.policy.bound(usual, { budget: budgetBytes, bandwidth }) / base.median;
}

const rows: (string | number)[][] = [];
for (const name of pick("cases", options.cases, Object.keys(CASES))) {
  const make = CASES[name];
  const needed = await need(make);
  const { peakBytes, stepMs, savedBytes } = needed;
  console.error(
    `${name}: ${(peakBytes / MIB).toFixed(0)} MiB, ${stepMs.toFixed(0)} ms, ${
      (savedBytes / MIB).toFixed(0)
    } MiB saved`,
  );
  for (const ratio of list(options.ratios)) {
    const link = linkOf(ratio, needed);
    // With swap and no budget nothing moves: what is left is the light profiler.
    const runners = [
      new Runner("no budget", make, ebb.cpu(), null),
      new Runner("no budget, profiled", make, ebb.cpu(), WAYS.joint),
    ];
    for (const part of list(options.parts)) {
      for (const way of pick("ways", options.ways, Object.keys(WAYS))) {
        const device = ebb.cpu({ budget: Math.floor(peakBytes / part), link });
        runners.push(new Runner(`1/${part} ${way}`, make, device, WAYS[way]));
      }
    }
    for (let round = 0; round <= options.rounds; round++) {
      for (const run of runners) {
        for (let i = 0; i < (round === 0 ? WARM_UP : options.block) && run.failed === null; i++) {
          const ms = await run.step();
          if (round > 0) run.times.push(ms);
        }
      }
    }
    const base = summarize(runners[0].times);
    for (const run of runners) {
      const { name: kind, times, losses, failed, device, swap } = run;
      if (failed !== null) {
        rows.push([name, ratio, kind, `out of memory in ${failed}`, ...Array(11).fill("")]);
        continue;
      }
      const { median, min, spread } = summarize(times);
      const report = swap?.report();
      const bound = boundOf(run, base, link.bytesPerSecond);
      rows.push([
        name,
        ratio,
        kind,
        median.toFixed(1),
        min.toFixed(1),
        `${(spread * 100).toFixed(0)} %`,
        (median / base.median).toFixed(3),
        bound === null ? "" : bound.toFixed(2),
        bound === null ? "" : (median / base.median / bound).toFixed(2),
        report ? report.measuredStallMs.toFixed(1) : "",
        report ? report.measuredRecomputedMs.toFixed(1) : "",
        report ? ((report.bytesOut + report.bytesIn) / MIB).toFixed(0) : "",
        report ? report.evictions : "",
        `${(device.memory().peakBytes / MIB).toFixed(1)}`,
        String(losses) === String(runners[0].losses) ? "yes" : "**no**",
      ]);
    }
    for (const run of runners) run[Symbol.dispose]();
  }
}
const head = ["case", "r", "memory", "ms, median", "min", "spread", "÷ no budget", "bound", "÷ bound"];
console.log(
  table([...head, "stalls, ms", "again, ms", "MiB moved", "evictions", "peak, MiB", "same losses"], rows),
);
