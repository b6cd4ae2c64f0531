/**
 * What the detailed profiler writes down, as plain data: every op, every copy and every wait. Times are in milliseconds
 * since the profile began.
 *
 * @module
 */
import type { Direction } from "../device/mod.ts";
import type { DType, Shape } from "../tensor/mod.ts";
import type { Phase } from "../tensor/observe.ts";

/** Type and shape of an operand or output. */
export interface ProfiledTensor {
  /** Its element type. */
  readonly dtype: DType;
  /** Its sizes. */
  readonly shape: Shape;
}

/** One op that ran. Views, which run nothing, are none. */
export interface ProfiledOp {
  /** Name of the op. */
  readonly name: string;
  /** The part of a training step that it belongs to. */
  readonly phase: Phase;
  /** Name of the device; a second device of the same name is numbered. */
  readonly device: string;
  /** When it began. */
  readonly startMs: number;
  /** How long it took, waiting for copies not counted. */
  readonly ms: number;
  /** How long it waited for copies. */
  readonly waitMs: number;
  /** The tensors that it read, in the order of its operands. */
  readonly inputs: readonly ProfiledTensor[];
  /** What it wrote. */
  readonly outputs: readonly ProfiledTensor[];
  /** Bytes that it read and wrote. */
  readonly bytes: number;
  /** Bytes in use on the device when it was done. */
  readonly liveBytes: number;
  /** The user's line that led to it, `path:line`; of a notebook's cell `<anonymous>:line`; null: unknown. */
  readonly site: string | null;
  /** The modules whose forward pass called it, such as `Gpt/TransformerBlock/Linear`; null: none. */
  readonly module: string | null;
}

/** One copy between a device and the host that ended during the profile. */
export interface ProfiledCopy {
  /** Which way the bytes went. */
  readonly direction: Direction;
  /** Name of the device. */
  readonly device: string;
  /** How many bytes. */
  readonly bytes: number;
  /** When it was asked for; 0: before the profile. */
  readonly askedMs: number;
  /** When its direction was free for it. */
  readonly startMs: number;
  /** When it was finished. */
  readonly endMs: number;
}

/** A time in which the program waited for a copy. */
export interface ProfiledWait {
  /** Name of the device. */
  readonly device: string;
  /** When it began. */
  readonly startMs: number;
  /** When the copy was there. */
  readonly endMs: number;
}

/** A profile as plain data. */
export interface ProfileData {
  /** Milliseconds from begin to end, with the profiler's own work. */
  readonly wallMs: number;
  /** Every op, in order. */
  readonly ops: readonly ProfiledOp[];
  /** Every copy, in the order in which they ended. */
  readonly copies: readonly ProfiledCopy[];
  /** Every wait, in order. */
  readonly waits: readonly ProfiledWait[];
}

/** What ops are put together by. */
export type ProfileKey = "op" | "site" | "phase" | "module";

/** Ops put together. */
export interface ProfileAverage {
  /** What they have in common. */
  readonly name: string;
  /** How many there are. */
  readonly calls: number;
  /** Milliseconds of all of them, waiting for copies not counted. */
  readonly totalMs: number;
  /** Milliseconds of one. */
  readonly meanMs: number;
  /** Share of the time of all ops, 0 to 1. */
  readonly share: number;
  /** Bytes that they read and wrote. */
  readonly bytes: number;
}

/** Ops put together by `by`, the longest first; of more than `top` the rest is one more row. */
export function averages(ops: readonly ProfiledOp[], by: ProfileKey, top = Infinity): ProfileAverage[] {
  const all = totalMs(ops);
  const groups = [...Map.groupBy(ops, (op) => (by === "op" ? op.name : op[by]) ?? "(none)")]
    .sort(([, a], [, b]) => totalMs(b) - totalMs(a));
  const rest = groups.splice(top);
  if (rest.length > 0) groups.push([`(${rest.length} others)`, rest.flatMap(([, group]) => group)]);
  return groups.map(([name, group]) => ({
    name,
    calls: group.length,
    totalMs: totalMs(group),
    meanMs: totalMs(group) / group.length,
    share: all > 0 ? totalMs(group) / all : 0,
    bytes: group.reduce((sum, { bytes }) => sum + bytes, 0),
  }));
}

/** Milliseconds of all ops together, waiting for copies not counted. */
export function totalMs(ops: readonly ProfiledOp[]): number {
  return ops.reduce((sum, { ms }) => sum + ms, 0);
}
