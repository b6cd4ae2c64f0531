/**
 * A profile in Chrome's Trace Event Format, which Perfetto (https://ui.perfetto.dev) and chrome://tracing open: a process
 * a device; in it a thread each for the phases of the step, for ops, for copies either way and for waiting, and a curve
 * of the bytes in use. (Format: "Trace Event Format", Google, 2016. Times are in microseconds.)
 *
 * @module
 */
import { formatBytes } from "../device/mod.ts";
import { showShape } from "../tensor/shape.ts";
import type { ProfileData, ProfiledOp, ProfiledTensor } from "./profile_data.ts";

/** An event: `X` has a duration, `C` is a value of a counter, `M` names a process or thread. */
export interface TraceEvent {
  /** What a viewer writes on it. */
  readonly name: string;
  /** Its kind. */
  readonly ph: "X" | "C" | "M";
  /** When it began, in microseconds since the profile did. */
  readonly ts: number;
  /** How long it took, in microseconds; of `X` alone. */
  readonly dur?: number;
  /** Number of its process. */
  readonly pid: number;
  /** Number of its thread. */
  readonly tid: number;
  /** Its category, which a viewer can filter by. */
  readonly cat?: string;
  /** What a viewer shows when it is chosen. */
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The JSON object format of the Trace Event Format. */
export interface ChromeTrace {
  /** All events; those of one thread follow one another. */
  readonly traceEvents: readonly TraceEvent[];
  /** The unit that a viewer shows. */
  readonly displayTimeUnit: "ms";
}

/** Threads of a device, from top to bottom. */
const THREADS = ["phases", "compute", "copies out", "copies in", "waiting"] as const;

/**
 * A profile as a trace.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.randn([64, 64]);
 * const profile = await ebb.profile(() => ebb.scope(() => x.matmul(x).relu().sum().item()));
 * const { traceEvents } = ebb.chromeTrace(profile);
 * const ops = traceEvents.filter(({ cat }) => cat === "forward");
 * assertEquals(ops.map(({ name }) => name), ["matmul", "relu", "sum"]);
 * assertEquals(ops[0].args!.outputs, ["float32[64, 64]"]);
 * ```
 */
export function chromeTrace({ ops, copies, waits }: ProfileData): ChromeTrace {
  const devices = [...new Set([...ops, ...copies, ...waits].map(({ device }) => device))];
  const traceEvents = devices.flatMap((device, index): TraceEvent[] => {
    const pid = index + 1;
    const own = <E extends { device: string }>(events: readonly E[]) =>
      events.filter((event) => event.device === device);
    const span = (
      thread: (typeof THREADS)[number],
      cat: string,
      name: string,
      startMs: number,
      endMs: number,
      args: TraceEvent["args"] = {},
    ): TraceEvent => {
      const ts = micros(startMs);
      const dur = Math.max(0, rounded(micros(endMs) - ts));
      return { name, ph: "X", cat, ts, dur, pid, tid: THREADS.indexOf(thread) + 1, args };
    };
    return [
      ...names(pid, device),
      ...phasesOf(own(ops)).map(({ name, startMs, endMs }) => span("phases", "phase", name, startMs, endMs)),
      ...own(ops).flatMap((op): TraceEvent[] => [
        span("compute", op.phase, op.name, op.startMs, endOf(op), argsOf(op)),
        {
          name: "bytes in use",
          ph: "C",
          ts: micros(endOf(op)),
          pid,
          tid: 0,
          args: { bytes: op.liveBytes },
        },
      ]),
      ...own(copies).map(({ direction, bytes, askedMs, startMs, endMs }) =>
        span(`copies ${direction}`, "copy", formatBytes(bytes), startMs, endMs, {
          bytes,
          "asked for, µs": micros(askedMs),
        })
      ),
      ...own(waits).map(({ startMs, endMs }) => span("waiting", "wait", "wait for a copy", startMs, endMs)),
    ];
  });
  return { traceEvents, displayTimeUnit: "ms" };
}

/** Names and order of a device's process and threads. */
function names(pid: number, device: string): TraceEvent[] {
  const about = (name: string, tid: number, args: TraceEvent["args"]): TraceEvent => {
    return { name, ph: "M", ts: 0, pid, tid, args };
  };
  return [
    about("process_name", 0, { name: `Ebb on ${device}` }),
    about("process_sort_index", 0, { sort_index: pid }),
    ...THREADS.flatMap((name, i) => [
      about("thread_name", i + 1, { name }),
      about("thread_sort_index", i + 1, { sort_index: i + 1 }),
    ]),
  ];
}

/** Ops of one phase in a row, as one span. */
function phasesOf(ops: readonly ProfiledOp[]): { name: string; startMs: number; endMs: number }[] {
  const spans: { name: string; startMs: number; endMs: number }[] = [];
  for (const op of ops) {
    const last = spans.at(-1);
    if (last?.name === op.phase) last.endMs = endOf(op);
    else spans.push({ name: op.phase, startMs: op.startMs, endMs: endOf(op) });
  }
  return spans;
}

function argsOf(
  { inputs, outputs, bytes, liveBytes, waitMs, site, module }: ProfiledOp,
): Record<string, unknown> {
  const show = ({ dtype, shape }: ProfiledTensor) => `${dtype}${showShape(shape)}`;
  return {
    inputs: inputs.map(show),
    outputs: outputs.map(show),
    bytes,
    "bytes in use": liveBytes,
    ...(waitMs > 0 ? { "waited, µs": micros(waitMs) } : {}),
    ...(site === null ? {} : { "call site": site }),
    ...(module === null ? {} : { module }),
  };
}

function endOf({ startMs, ms, waitMs }: ProfiledOp): number {
  return startMs + ms + waitMs;
}

/** Microseconds, to a nanosecond: what viewers tell apart. */
function micros(ms: number): number {
  return rounded(ms * 1000);
}

function rounded(us: number): number {
  return Math.round(us * 1000) / 1000;
}
