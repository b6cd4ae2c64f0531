/**
 * The benchmark's cases: they run, free what they take, and compute what PyTorch does. How long they take is no test's
 * business.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../mod.ts";
import { type Case, checkValue } from "../bench/case.ts";
import { cases } from "../bench/cases.ts";
import { floorOf } from "../bench/floor.ts";
import { disagreement, markdown, ratioOf, summarize, TOLERANCE } from "../bench/peers/report.ts";
import { uniform } from "../bench/values.ts";
import { leakFree } from "./leak.ts";

/** What PyTorch 2.15 gives: `bench/peers/torch_side.py`, asked to make each case. */
const PYTORCH: Record<string, number> = {
  mm512: -51.03325341641903,
  mm1024: -184.19316528737545,
  add1m: -1.7859119027853012,
  add16: -1.7859119027853012,
  add16grad: -1.7859119027853012,
  conv_f: 2.898261159658432,
  conv_fb: 286.1752108633518,
  mlp: 0.8375383615493774,
  cnn: 3.4433252811431885,
  xf: 0.6110395193099976,
  resnet: 2.2930593490600586,
  pgd: 32.64323043823242,
};

for (const name of Object.keys(cases)) {
  Deno.test(`bench: ${name} gives PyTorch's number`, () =>
    leakFree(async () => {
      using made = cases[name]();
      const found = await checkValue(made);
      const expected = PYTORCH[name];
      const difference = Math.abs(found - expected) / Math.max(1, Math.abs(expected));
      assert(difference <= TOLERANCE, `${found} instead of ${expected}`);
    }));
}

Deno.test("bench: uniform() gives the same bits everywhere", () => {
  const bits = new Uint32Array(uniform(41, 3, 0.2).buffer);
  assertEquals([...bits], [1027286717, 1043695481, 3187149346]);
});

Deno.test("bench: a floor does the work of the steps it was taken from", () =>
  leakFree(async () => {
    let made!: Case;
    using floor = await floorOf(() => made = cases.mlp());
    const before = made.step() as number;
    for (let i = 0; i < 30; i++) floor.run();
    const after = made.step() as number;
    assert(after < before / 2, `the loss went from ${before} to ${after}`);
  }));

Deno.test("bench: summarize() and ratioOf() compare medians, percentiles and rounds", () => {
  const side = (title: string, rounds: number[][]) => ({ title, check: 1, rounds });
  const slow = side("slow", [[20, 30, 40, 50, 60], [80, 80, 80]]);
  const fast = side("fast", [[10, 10, 10, 10, 10], [20, 20, 20]]);
  const { median, p20, min, count } = summarize(slow.rounds.flat());
  assertEquals([median, p20, min, count], [60, 30, 20, 8]);
  assertEquals(ratioOf(slow, fast), { median: 6, p20: 3, low: 4, high: 4 });
});

Deno.test("bench: the table says where results disagree and who is not there", () => {
  const side = (title: string, check: number) => ({ title, check, rounds: [[1]] });
  const result = (check: number) => ({
    sides: { ebb: side("Ebb", 0.5), torch: side("PyTorch", check) },
    skipped: { jax: "it is not here" },
  });
  assert(disagreement(result(0.50001)) < TOLERANCE);
  assert(disagreement(result(0.501)) > TOLERANCE);
  assertEquals(disagreement(result(NaN)), Infinity);
  const text = markdown({ mlp: result(0.501) });
  assert(text.includes("DISAGREE"), text);
  assert(text.includes("jax skipped: it is not here"), text);
});

Deno.test("bench: the networks for a card train in float32 and in float16", async () => {
  Deno.env.set("EBB_SIZE", "small");
  const { CASES } = await import("../bench/gpu/networks.ts");
  for (const [name, make] of Object.entries(CASES)) {
    leakFree(() => {
      ebb.seed(1);
      using training = make();
      const losses = Array.from({ length: 12 }, () => training.step());
      assert(losses.every(Number.isFinite) && losses.at(-1)! < losses[0], `${name}: ${losses}`);
    });
  }
});
