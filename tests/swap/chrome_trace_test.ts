import { assert, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { ChromeTrace, ProfiledOp, TraceEvent } from "../../mod.ts";
import { convTraining, gptTraining, moveEverything } from "./trainings.ts";

/** Microseconds by which numbers may differ that were added up in another order. */
const ROUNDING = 1e-6;

/** Checks a trace against the rules of the Trace Event Format. */
function checkTrace({ traceEvents, displayTimeUnit }: ChromeTrace): void {
  assertEquals(displayTimeUnit, "ms");
  const named = new Set<string>();
  const threads = new Map<string, TraceEvent[]>();
  for (const event of traceEvents) {
    const { name, ph, ts, dur, pid, tid, args } = event;
    assert(typeof name === "string" && name.length > 0);
    assert(["X", "C", "M"].includes(ph), ph);
    assert(Number.isFinite(ts) && ts >= 0, `${name} at ${ts}`);
    assert(Number.isInteger(pid) && Number.isInteger(tid), `${name} in ${pid}, ${tid}`);
    if (name === "process_name") named.add(`${pid}`);
    if (name === "thread_name") named.add(`${pid} ${tid}`);
    if (ph === "M") assert(["string", "number"].includes(typeof Object.values(args!)[0]));
    if (ph === "C") assert(Object.values(args!).every((value) => typeof value === "number"));
    if (ph !== "X") continue;
    assert(dur! >= 0 && Number.isFinite(dur), `${name} takes ${dur}`);
    const key = `${pid} ${tid}`;
    threads.set(key, [...threads.get(key) ?? [], event]);
    assert(named.has(`${pid}`) && named.has(key), `${name} is in a thread without a name`);
  }
  for (const events of threads.values()) {
    // A viewer takes spans of one thread for calls: one is over before the next begins, or lies within it.
    const open: number[] = [];
    for (const { name, ts, dur } of events.toSorted((a, b) => a.ts - b.ts || b.dur! - a.dur!)) {
      while (open.length > 0 && open.at(-1)! <= ts + ROUNDING) open.pop();
      assert(open.every((end) => ts + dur! <= end + ROUNDING), `${name} at ${ts} is cut by another`);
      open.push(ts + dur!);
    }
  }
}

/** Spans of the thread of that name, of all processes. */
function thread({ traceEvents }: ChromeTrace, name: string): TraceEvent[] {
  const keys = traceEvents
    .filter((event) => event.name === "thread_name" && event.args!.name === name)
    .map(({ pid, tid }) => `${pid} ${tid}`);
  return traceEvents.filter(({ ph, pid, tid }) => ph === "X" && keys.includes(`${pid} ${tid}`));
}

/** An op as the profiler writes it down. */
function op(name: string, startMs: number, ms: number, more: Partial<ProfiledOp> = {}): ProfiledOp {
  return {
    name,
    phase: "forward",
    device: "cpu",
    startMs,
    ms,
    waitMs: 0,
    inputs: [{ dtype: "float32", shape: [2, 3] }],
    outputs: [{ dtype: "int64", shape: [] }],
    bytes: 32,
    liveBytes: 1024,
    site: null,
    module: null,
    ...more,
  };
}

Deno.test("an op becomes a span with shapes, bytes and call site, and a point of the curve", () => {
  const trace = ebb.chromeTrace({
    wallMs: 10,
    ops: [op("argmax", 1.5, 2, { waitMs: 0.25, site: "/home/a.ts:3", module: "Net", phase: "backward" })],
    copies: [],
    waits: [],
  });
  checkTrace(trace);
  assertEquals(thread(trace, "compute"), [{
    name: "argmax",
    ph: "X",
    cat: "backward",
    ts: 1500,
    dur: 2250,
    pid: 1,
    tid: 2,
    args: {
      inputs: ["float32[2, 3]"],
      outputs: ["int64[]"],
      bytes: 32,
      "bytes in use": 1024,
      "waited, µs": 250,
      "call site": "/home/a.ts:3",
      module: "Net",
    },
  }]);
  const curve = trace.traceEvents.filter(({ ph }) => ph === "C");
  assertEquals(curve.map(({ ts, args }) => [ts, args]), [[3750, { bytes: 1024 }]]);
});

Deno.test("each device is a process, each kind of work a thread of it", () => {
  const trace = ebb.chromeTrace({
    wallMs: 10,
    ops: [
      op("a", 0, 1),
      op("b", 1, 1, { device: "webgpu" }),
      op("c", 2, 1),
      op("d", 3, 1, { phase: "optimizer" }),
      op("e", 4, 1),
    ],
    copies: [
      { direction: "out", device: "cpu", bytes: 1 << 20, askedMs: 0, startMs: 0, endMs: 3 },
      { direction: "in", device: "cpu", bytes: 1 << 10, askedMs: 1, startMs: 2, endMs: 4 },
    ],
    waits: [{ device: "cpu", startMs: 2.5, endMs: 3 }],
  });
  checkTrace(trace);
  const processes = trace.traceEvents.filter(({ name }) => name === "process_name");
  assertEquals(processes.map(({ pid, args }) => [pid, args!.name]), [[1, "Ebb on cpu"], [
    2,
    "Ebb on webgpu",
  ]]);
  const spans = (name: string) => thread(trace, name).map(({ name, ts, dur }) => [name, ts, dur]);
  assertEquals(spans("phases"), [
    ["forward", 0, 3000],
    ["optimizer", 3000, 1000],
    ["forward", 4000, 1000],
    ["forward", 1000, 1000],
  ]);
  assertEquals(spans("copies out"), [["1 MiB", 0, 3000]]);
  assertEquals(spans("copies in"), [["1 KiB", 2000, 2000]]);
  assertEquals(spans("waiting"), [["wait for a copy", 2500, 500]]);
});

Deno.test("a profile without ops is a trace without events", () => {
  const trace = ebb.chromeTrace({ wallMs: 1, ops: [], copies: [], waits: [] });
  assertEquals(trace, { traceEvents: [], displayTimeUnit: "ms" });
});

for (const [name, make] of [["GPT", gptTraining], ["residual network", convTraining]] as const) {
  Deno.test(`the saved file of a step of a ${name} under swap keeps the format's rules`, async () => {
    const device = ebb.cpu({ link: { bytesPerSecond: 1e9 } });
    using training = make(device);
    using swap = ebb.swap(device, { policy: moveEverything });
    for (let i = 0; i < 2; i++) await swap.step(() => training.step());
    const profile = await ebb.profile(() => swap.step(() => training.step()));
    const path = await Deno.makeTempFile({ suffix: ".json" });
    await profile.exportChromeTrace(path);
    const trace: ChromeTrace = JSON.parse(await Deno.readTextFile(path));
    await Deno.remove(path);
    checkTrace(trace);
    assertEquals(trace, JSON.parse(JSON.stringify(profile.chromeTrace())));

    const compute = thread(trace, "compute");
    assertEquals(compute.map(({ name }) => name), profile.ops.map(({ name }) => name));
    assert(compute.every(({ args }) => /trainings\.ts:\d+$/.test(args!["call site"] as string)));
    const took = (spans: TraceEvent[]) => spans.reduce((sum, { dur }) => sum + dur!, 0);
    const ms = profile.ops.reduce((sum, op) => sum + op.ms + op.waitMs, 0);
    assert(Math.abs(took(compute) - ms * 1000) < 0.01 * compute.length);
    assertEquals(thread(trace, "phases").map(({ name }) => name), ["forward", "backward", "optimizer"]);
    const sent = (name: string) =>
      thread(trace, name).reduce((sum, { args }) => sum + Number(args!.bytes), 0);
    for (const direction of ["out", "in"] as const) {
      const copies = profile.copies.filter((copy) => copy.direction === direction);
      assert(copies.length > 0);
      assertEquals(sent(`copies ${direction}`), copies.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    assertEquals(thread(trace, "waiting").length, profile.waits.length);
    const curve = trace.traceEvents.filter(({ ph }) => ph === "C").map(({ args }) => Number(args!.bytes));
    assertEquals(curve, profile.ops.map(({ liveBytes }) => liveBytes));
  });
}

Deno.test("exportChromeTrace() names the path that it cannot write", async () => {
  const profile = await ebb.profile(() => {});
  const folder = await Deno.makeTempDir();
  await assertRejects(
    () => profile.exportChromeTrace(`${folder}/missing/trace.json`),
    Error,
    "exportChromeTrace: expected to write",
  );
  await Deno.remove(folder);
});
