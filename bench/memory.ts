/**
 * Memory: whether training keeps still (live bytes and resident set over 2,000 steps), how much the pool reserves beyond
 * what lives at the peak, and the peak resident set of a ResNet step beside PyTorch's. Every case has its own process.
 * Prints markdown.
 *
 *     deno run -A bench/memory.ts [--cases mlp,cnn,xf] [--steps 2000] [--resnet ebb,torch,torch-default] [--python python3]
 *
 * Resident sets are read from Linux's `/proc`.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { cases } from "./cases.ts";
import { parseOptions, pick } from "./options.ts";
import { table } from "./peers/report.ts";
import { SideProcess, SIDES } from "./peers/sides.ts";

/** What a process found out about its case. */
interface Report {
  /** Live bytes, at each tenth of the way. */
  live: number[];
  /** Resident set in bytes, likewise. */
  resident: number[];
  /** The most bytes that were in use at once, temporaries included. */
  peakLive: number;
  /** The most bytes that were reserved at once. */
  peakReserved: number;
}

/** Steps before the first look: graphs are compiled, the pool is settled, functions are optimised. */
const WARM_UP = 200;
const SAMPLES = 10;

/** Trains `steps` steps on a device of its own. */
async function train(name: string, steps: number): Promise<Report> {
  const device = ebb.cpu();
  const report: Report = { live: [], resident: [], peakLive: 0, peakReserved: 0 };
  const { pool } = device;
  const { allocate } = pool;
  pool.allocate = function (bytes) {
    const block = allocate.call(this, bytes);
    report.peakLive = Math.max(report.peakLive, this.liveBytes);
    return block;
  };
  using made = ebb.withDevice(device, cases[name]);
  for (let i = 0; i < WARM_UP; i++) await made.step();
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (let i = 0; i < steps / SAMPLES; i++) await made.step();
    report.live.push(device.memory().liveBytes);
    report.resident.push(Deno.memoryUsage().rss);
  }
  return { ...report, peakReserved: device.memory().peakBytes };
}

/** This program again, for one case. */
async function inOwnProcess(name: string, steps: number): Promise<Report> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename!, "--only", name, "--steps", `${steps}`],
  }).output();
  if (code !== 0) throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** Peak and present resident set of a process, in bytes. */
async function residentSet(pid: number): Promise<{ peak: number; now: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const read = (field: string) => Number(status.match(new RegExp(`^${field}:\\s*(\\d+) kB`, "m"))![1]) * 1024;
  return { peak: read("VmHWM"), now: read("VmRSS") };
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);

async function trainingTable(names: string[], steps: number): Promise<string> {
  const rows: string[][] = [];
  for (const name of names) {
    console.error(`${name}: ${steps} steps`);
    const { live, resident, peakLive, peakReserved } = await inOwnProcess(name, steps);
    const still = live.every((bytes) => bytes === live[0]);
    const [low, high] = [Math.min(...resident), Math.max(...resident)];
    rows.push([
      name,
      still ? `${live[0]} throughout` : `**${live.join(", ")}**`,
      `${mebibytes(low)}–${mebibytes(high)} (± ${((high - low) / (high + low) * 100).toFixed(1)} %)`,
      mebibytes(peakLive),
      mebibytes(peakReserved),
      (peakReserved / peakLive).toFixed(3),
    ]);
  }
  const head = ["case", "live bytes", "resident set, MiB", "peak live, MiB", "peak reserved, MiB"];
  return table([...head, "reserved ÷ live"], rows);
}

async function resnetTable(sides: string[], python: string): Promise<string> {
  const rows: string[][] = [];
  let base = NaN;
  for (const key of sides) {
    console.error(`resnet: ${SIDES[key].title}`);
    try {
      await using side = new SideProcess(key, { python, threads: 2 });
      const empty = await side.ask({ ask: "drop" }).then(() => residentSet(side.pid));
      await side.ask({ ask: "make", case: "resnet" });
      await side.ask({ ask: "run", steps: 5 });
      const { peak } = await residentSet(side.pid);
      if (key === "ebb") base = peak;
      rows.push([side.title, mebibytes(empty.now), mebibytes(peak), (peak / base).toFixed(2)]);
    } catch (error) {
      rows.push([SIDES[key].title, "–", "–", `skipped: ${(error as Error).message}`]);
    }
  }
  return table(["ResNet step", "before, MiB", "peak resident set, MiB", "÷ Ebb's"], rows);
}

const options = parseOptions({
  cases: "mlp,cnn,xf",
  steps: 2000,
  resnet: "ebb,torch,torch-default",
  python: Deno.env.get("EBB_TORCH_PYTHON") ?? "python3",
  only: "",
});
if (options.only !== "") {
  console.log(JSON.stringify(await train(options.only, options.steps)));
} else {
  console.log(await trainingTable(pick("cases", options.cases, Object.keys(cases)), options.steps));
  console.log();
  console.log(await resnetTable(pick("resnet", options.resnet, Object.keys(SIDES)), options.python));
}
