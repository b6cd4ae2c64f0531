/**
 * A training step in a quarter of the memory that it needs, by what makes it fit. `bench/swap/main.ts` has all figures.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { CASES } from "./swap/cases.ts";
import { linkOf, need, Runner, WARM_UP, WAYS } from "./swap/runner.ts";

/** A slow link: all that is saved for backward takes 0.7 steps one way. */
const RATIO = 0.7;
const PART = 4;

const needed = await need(CASES.gpt);
const budget = Math.floor(needed.peakBytes / PART);
const link = linkOf(RATIO, needed);

const runners = [
  new Runner("no budget", CASES.gpt, ebb.cpu(), null),
  ...["joint", "swap", "checkpoint", "lru", "everything"].map((way) =>
    new Runner(`1/${PART}, ${way}`, CASES.gpt, ebb.cpu({ budget, link }), WAYS[way])
  ),
];
for (const run of runners) {
  for (let i = 0; i < WARM_UP && run.failed === null; i++) await run.step();
  Deno.bench({
    name: run.name,
    group: "gpt",
    baseline: run.name === "no budget",
    ignore: run.failed !== null,
    n: 12,
    fn: async () => {
      await run.step();
    },
  });
}
