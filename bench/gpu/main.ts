/**
 * Everything that is to be measured on a CUDA card, in one command and one table: what an op and a session cost, copies
 * against the link, training steps against PyTorch on the same card in alternating blocks, and swap in parts of the memory.
 *
 *     deno run -A bench/gpu/main.ts [--parts overhead,sessions,copies,steps,swap] [--device cuda] [--size full]
 *                                   [--rounds 4] [--block 2000] [--python python3] [--out bench/gpu/results]
 *
 * `--device cpu --size small` tries the program itself where there is no card.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import { cudaDevice } from "../../lib/ort/mod.ts";
import { defineOp } from "../../lib/tensor/op.ts";
import { parseOptions, pick } from "../options.ts";
import { measureCase } from "../peers/measure.ts";
import { summarize, table } from "../peers/report.ts";
import { commandOf, machine, today, writeResult } from "../result.ts";
import { Runner, WARM_UP, WAYS } from "../swap/runner.ts";

const options = parseOptions({
  parts: "overhead,sessions,copies,steps,swap",
  device: "cuda",
  size: "full",
  rounds: 4,
  block: 2000,
  python: Deno.env.get("EBB_TORCH_PYTHON") ?? "python3",
  out: new URL("results/", import.meta.url).pathname,
});
Deno.env.set("EBB_DEVICE", options.device);
Deno.env.set("EBB_SIZE", options.size);
const { NETWORKS } = await import("./networks.ts"); // reads the size

const MIB = 2 ** 20;
const MIBS = options.size === "small" ? 4 : 256;
const isCard = options.device === "cuda";
const open = (settings: ebb.CudaOptions = {}) => isCard ? ebb.cuda(0, settings) : ebb.cpu(settings);
const freeBytes = () => isCard ? cudaDevice(0).driver.memory().free : NaN;
const median = (times: number[]) => summarize(times).median;

/** x + n, a graph of its own for each n. */
const plus = defineOp<[ebb.Tensor], { n: number }>({
  name: "benchPlus",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (g, [x], { attributes: { n }, inputs: [{ dtype }] }) => [g.node("Add", [x, g.scalar(n, dtype)])],
});

/** (x + n) · x, with cuBLAS. */
const times = defineOp<[ebb.Tensor], { n: number }>({
  name: "benchTimes",
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  graph: (
    g,
    [x],
    { attributes: { n }, inputs: [{ dtype }] },
  ) => [g.node("MatMul", [g.node("Add", [x, g.scalar(n, dtype)]), x])],
});

type Row = [what: string, figure: string, goal: string];
const PARTS: Record<string, () => Promise<Row[]>> = { overhead, sessions, copies, steps, swap };

const rows: Row[] = [];
for (const name of pick("parts", options.parts, Object.keys(PARTS))) {
  try {
    rows.push(...await PARTS[name]());
  } catch (error) {
    rows.push([name, `failed: ${(error as Error).message.slice(0, 200)}`, ""]);
  }
  console.error(`${name} is done`);
}
const text = `# On a card

${today()}, ${machine()}: ${commandOf("gpu/main.ts")}

${String(ebb.devices().find(({ kind }) => kind === options.device)?.details.device ?? options.device)}

${table(["what", "measured", "to reach"], rows)}
`;
console.log(text);
await writeResult(options.out, "gpu.md", text);

/** What calling an op costs, when nobody waits for it. */
function overhead(): Promise<Row[]> {
  const rounds = options.size === "small" ? 200 : 5000;
  return Promise.resolve(ebb.withDevice(open(), () => {
    using x = ebb.ones([16]);
    const add = () => ebb.scope(() => void x.add(x));
    const finish = () => x.data();
    for (let i = 0; i < rounds; i++) add();
    finish();
    const times = Array.from({ length: 7 }, () => {
      const start = performance.now();
      for (let i = 0; i < rounds; i++) add();
      const called = performance.now();
      finish();
      return [(called - start) * 1000 / rounds, (performance.now() - start) * 1000 / rounds];
    });
    const [called, done] = [0, 1].map((i) => median(times.map((each) => each[i])).toFixed(1));
    return [["add of 16 floats: called; done, µs", `${called}; ${done}`, "≤ 15"]];
  }));
}

/** What a session costs in time and in memory of the card: whether a session an op holds. */
function sessions(): Promise<Row[]> {
  return Promise.resolve(ebb.withDevice(open(), () =>
    ebb.scope(() => {
      const x = ebb.ones([64, 64]);
      const forms: [string, (n: number) => ebb.Tensor][] = [
        ["additions", (n) => plus([x], { n })],
        ["products", (n) => times([x], { n })],
      ];
      return forms.flatMap(([name, run], k) =>
        [10, 100].map((count): Row => {
          const before = freeBytes();
          const start = performance.now();
          for (let n = 0; n < count; n++) run(1000 * k + count + n).dispose();
          x.data();
          const ms = (performance.now() - start) / count;
          const mib = (before - freeBytes()) / MIB / count;
          return [`${count} sessions of ${name}: ms and MiB each`, `${ms.toFixed(2)}; ${mib.toFixed(2)}`, ""];
        })
      );
    })));
}

/** Copies by the engine, one way and both ways at once, against bare copies of pinned memory. */
function copies(): Promise<Row[]> {
  const device = open();
  const bytes = MIBS * MIB;
  return Promise.resolve(ebb.withDevice(device, () =>
    ebb.scope(() => {
      const [a, b] = [0, 1].map(() => ebb.zeros([bytes / 4]));
      a.data().at(0);
      const { copies } = device;
      const out = (x: ebb.Tensor) => copies.copyOut(x.storage)!;
      const back = (x: ebb.Tensor) => copies.copyIn(x.storage);
      const time = (fn: () => void) => {
        const start = performance.now();
        fn();
        return performance.now() - start;
      };
      const [outs, ins, both]: number[][] = [[], [], []];
      copies.wait(out(b));
      for (let round = 0; round < 8; round++) {
        const first = time(() => copies.wait(out(a)));
        const second = time(() => copies.wait(back(a)));
        const third = time(() => {
          const tickets = [out(a), back(b)];
          for (const ticket of tickets) copies.wait(ticket);
        });
        copies.wait(back(a));
        copies.wait(out(b));
        if (round > 0) [first, second, third].forEach((ms, i) => [outs, ins, both][i].push(ms));
      }
      const rate = (ms: number, of = bytes) => (of / ms / 1e6).toFixed(1);
      const link = isCard ? bareRates(bytes).map((ms) => rate(ms)).join("; ") : "–";
      return [
        [
          "copies out; in; both at once, GB/s",
          `${rate(median(outs))}; ${rate(median(ins))}; ${rate(median(both), 2 * bytes)}`,
          "≥ 85 % of the link",
        ],
        ["the link alone: out; in, GB/s", link, ""],
      ] as Row[];
    })));
}

/** Milliseconds of bare copies out and in between the card and pinned memory. */
function bareRates(bytes: number): number[] {
  const { driver } = cudaDevice(0);
  const [card, host, stream] = [driver.allocate(bytes), driver.allocateHost(bytes), driver.stream()];
  const rates = [[host, card], [card, host]].map(([to, from]) =>
    median(
      Array.from({ length: 8 }, () => {
        const start = performance.now();
        driver.copy(to, from, bytes, stream);
        driver.finish(stream);
        return performance.now() - start;
      }).slice(1),
    )
  );
  driver.free(card);
  driver.freeHost(host);
  return rates;
}

/** Training steps beside PyTorch's, each in a process of its own, in turns. */
async function steps(): Promise<Row[]> {
  const { rounds, block: blockMs, python } = options;
  const all: Row[] = [];
  for (const name of Object.keys(NETWORKS)) {
    for (const dtype of ["float32", "float16"]) {
      const note = (line: string) => console.error(line);
      const settings = { rounds, blockMs, threads: 2, python };
      const { sides, skipped } = await measureCase(
        `${name}-${dtype}`,
        ["ebb-card", "torch-card"],
        settings,
        note,
      );
      const [ours, theirs] = ["ebb-card", "torch-card"].map((side) => sides[side]?.rounds.flat());
      const ms = (times?: number[]) => times === undefined ? "–" : median(times).toFixed(1);
      const ratio = ours && theirs ? (median(theirs) / median(ours)).toFixed(2) : "–";
      const why = Object.values(skipped).join("; ").slice(0, 160);
      all.push([
        `${name}, ${dtype}: Ebb; PyTorch, ms; ratio`,
        `${ms(ours)}; ${ms(theirs)}; ${ratio}${why && ` (${why})`}`,
        name === "mlp" ? "" : "≥ 0.9",
      ]);
    }
  }
  return all;
}

/** Steps of the GPT in parts of the memory that it needs, in turns. */
async function swap(): Promise<Row[]> {
  const runs: { part: number; run: Runner }[] = [];
  let peakBytes = 0;
  for (const part of [1, 2, 4, 8]) {
    const device = open(part === 1 ? {} : { budget: Math.floor(peakBytes / part) });
    const run = new Runner(`1/${part}`, () => NETWORKS.gpt(), device, part === 1 ? null : WAYS.joint);
    for (let i = 0; i < WARM_UP && run.failed === null; i++) await run.step();
    if (part === 1) peakBytes = device.memory().peakBytes;
    runs.push({ part, run });
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const { run } of runs) {
      for (let i = 0; i < 4 && run.failed === null; i++) run.times.push(await run.step());
    }
  }
  const [{ run: base }] = runs;
  const GOALS: Record<number, string> = { 2: "≤ 1.03", 4: "≤ 1.10", 8: "≤ 1.30" };
  const ours = runs.map(({ part, run: { times, losses, failed } }): Row => {
    const what = `GPT in 1/${part} of ${
      (peakBytes / MIB).toFixed(0)
    } MiB: ms; times the step without a budget`;
    if (failed !== null) return [what, `out of memory in ${failed}`, GOALS[part] ?? ""];
    const isSame = losses.every((loss, i) => loss === base.losses[i]);
    const ratio = median(times) / median(base.times);
    return [
      what,
      `${median(times).toFixed(1)}; ${ratio.toFixed(2)}${isSame ? "" : "; other losses"}`,
      GOALS[part] ?? "",
    ];
  });
  for (const { run } of runs) run[Symbol.dispose]();
  return [...ours, ...await others()];
}

/** What PyTorch has for the same purpose, against its own step; with the memory that it reserves. */
async function others(): Promise<Row[]> {
  const { rounds, block: blockMs, python } = options;
  const measured: [name: string, ms: number, mib: number][] = [];
  for (const name of ["gpt-float32", "gpt-float32-offload", "gpt-float32-checkpoint"]) {
    const settings = { rounds, blockMs, threads: 2, python };
    const { sides } = await measureCase(name, ["torch-card"], settings, (line) => console.error(line));
    const side = sides["torch-card"];
    if (side !== undefined) measured.push([name, median(side.rounds.flat()), side.check]);
  }
  return measured.map(([name, ms, mib]) => [
    `PyTorch, ${name}: ms; times its own step; MiB`,
    `${ms.toFixed(1)}; ${(ms / measured[0][1]).toFixed(2)}; ${mib.toFixed(0)}`,
    "",
  ]);
}
