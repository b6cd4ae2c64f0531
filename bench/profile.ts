/**
 * Where the time of a step goes: every op with its calls and milliseconds a step, the largest first, and the rest of the
 * step, which is the tape and the program. Prints markdown.
 *
 *     deno run -A bench/profile.ts [--case cnn] [--steps 50]
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { cases } from "./cases.ts";
import { parseOptions, pick } from "./options.ts";
import { summarize, table } from "./peers/report.ts";

const WARM_UP = 10;

const options = parseOptions({ case: "cnn", steps: 50 });
const [name] = pick("case", options.case, Object.keys(cases));
using made = cases[name]();
for (let i = 0; i < WARM_UP; i++) await made.step();

/** Milliseconds of each op by name, a list a step, and how often it ran in the last step. */
const times = new Map<string, { perStep: number[]; calls: number }>();
const whole: number[] = [];
let started = 0;
const stop = ebb.observeOps({
  before() {
    started = performance.now();
  },
  after(op) {
    const taken = performance.now() - started;
    const entry = times.get(op) ?? { perStep: [], calls: 0 };
    times.set(op, entry);
    entry.perStep[whole.length] = (entry.perStep[whole.length] ?? 0) + taken;
    entry.calls++;
  },
});
for (let i = 0; i < options.steps; i++) {
  for (const entry of times.values()) entry.calls = 0;
  const start = performance.now();
  await made.step();
  whole.push(performance.now() - start);
}
stop();

const step = summarize(whole).median;
const ops = [...times].map(([op, { perStep, calls }]) => ({ op, calls, ms: summarize(perStep).median }));
const rest = step - ops.reduce((sum, { ms }) => sum + ms, 0);
const row = (op: string, calls: number | string, ms: number) => [
  op,
  calls,
  ms.toFixed(3),
  `${(ms / step * 100).toFixed(0)} %`,
];
console.log(table(["op", "calls", "ms, median", "share"], [
  ...ops.sort((a, b) => b.ms - a.ms).map(({ op, calls, ms }) => row(op, calls, ms)),
  row("between ops", "", rest),
  row(`**${name}, a step**`, ops.reduce((sum, { calls }) => sum + calls, 0), step),
]));
