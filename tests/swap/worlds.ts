/**
 * Where the hardest tests of swap take place. A program that trains runs without swap first; then in hostile worlds, with
 * a budget, where copies end at the worst times and freed blocks are overwritten on both sides; and in a laboratory, where
 * time is a test's own, so that a step that goes as the one before does so in every count.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { cpuBackend } from "../../lib/device/cpu.ts";
import type { Device } from "../../lib/device/mod.ts";
import type { Bandwidth, Swap, SwapOptions } from "../../lib/swap/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";
import { LateTransport, poison } from "../device/late_transport.ts";
import { asTimed, Clock, closeGaps } from "./clock.ts";

/** A device, with swap or without, and how steps run on it. */
export interface World {
  readonly device: Device;
  readonly swap: Swap | null;
  step<T>(fn: () => T): Promise<Awaited<T>>;
  evaluate<T>(fn: () => T): Promise<Awaited<T>>;
}

/** What is trained in a world; the numbers that it gives must be the same in all. */
export type Program = (world: World) => Promise<number[]>;

/** When copies end: at random times in any order, or only when somebody waits for them. */
export type Order = "random" | "late";

/** A device whose copies end at bad times, and whose freed memory is overwritten. */
export function hostile(order: Order, options: ebb.CpuOptions): { device: Device; transport: LateTransport } {
  const chance = new Generator(3);
  const device = ebb.cpu(options);
  const transport = new LateTransport(cpuBackend(), () => chance.int(2) === 0);
  const { host } = device.copyWith(() => transport).far;
  poison(device.pool, cpuBackend());
  poison(host, cpuBackend());
  const { allocate } = device.pool;
  device.pool.allocate = function (bytes) {
    const { pending } = transport;
    while (order === "random" && pending.length > 0 && chance.int(3) > 0) {
      transport.end(pending[chance.int(pending.length)]);
    }
    return allocate.call(this, bytes);
  };
  return { device, transport };
}

/** Checks that nothing is left: no storage, no block on either side, no copy under way. */
export function assertEmpty(device: Device): void {
  const { copies } = device;
  copies.drain();
  assertEquals([copies.bytesUnderWay("out"), copies.bytesUnderWay("in")], [0, 0]);
  assertEquals([device.memory().storages, device.memory().liveBytes, copies.far.liveBytes], [0, 0, 0]);
}

/** Runs a program without swap: what it gives, and the most bytes that it reserves. */
export async function unlimited(program: Program): Promise<{ numbers: number[]; peakBytes: number }> {
  const device = ebb.cpu();
  poison(device.pool, cpuBackend());
  const run = async <T>(fn: () => T): Promise<Awaited<T>> => await fn();
  const numbers = await ebb.withDevice(
    device,
    () => program({ device, swap: null, step: run, evaluate: run }),
  );
  const { peakBytes, storages } = device.memory();
  assertEquals(storages, 0);
  return { numbers, peakBytes };
}

/** How a program is compared. */
export interface Comparison {
  /** Share of the memory that it may have; default a third. */
  share?: number;
  options?: SwapOptions;
  /** Makes a hostile world worse. */
  tamper?(device: Device, transport: LateTransport): void;
}

/** Runs a program without swap and in all hostile worlds, with a share of the memory, and compares what it gives. */
export async function assertSame(
  program: Program,
  { share = 1 / 3, options = {}, tamper }: Comparison = {},
): Promise<void> {
  const { numbers, peakBytes } = await unlimited(program);
  for (const order of ["random", "late"] as const) {
    const budget = Math.ceil(peakBytes * share);
    const { device, transport } = hostile(order, { budget });
    tamper?.(device, transport);
    const swap = ebb.swap(device, options);
    const world: World = { device, swap, step: (fn) => swap.step(fn), evaluate: (fn) => swap.evaluate(fn) };
    assertEquals(await ebb.withDevice(device, () => program(world)), numbers, order);
    swap.dispose();
    assert(device.memory().peakBytes <= budget, `${device.memory().peakBytes} of ${budget} bytes`);
    assert(device.copies.sentBytes.out > 0, "something had to move");
    assertEmpty(device);
  }
}

/** What a step had to do beyond its plan, and what was copied. */
export interface Counts {
  /** Allocations for which storages had to leave unforeseen. */
  evictions: number;
  /** Operands that were not here in time. */
  missed: number;
  /** Bytes sent. */
  out: number;
  in: number;
  /** Milliseconds of the laboratory's time. */
  ms: number;
}

/** A world of which each step is counted; the same steps give the same counts. */
export interface Lab extends World {
  readonly swap: Swap;
  /** Of the last step, or evaluation. */
  readonly counts: Counts;
}

/** Opens a laboratory: an op takes a millisecond, memory has no gaps. */
export function lab(budget: number, bandwidth: Bandwidth = { out: 1e9, in: 1e9 }): Lab {
  const device = ebb.cpu({ budget });
  const clock = new Clock(bandwidth);
  device.copyWith(() => clock);
  closeGaps(device.pool);
  const { candidates, compose, fit, prefetch, rank } = ebb.policy;
  const swap = ebb.swap(device, {
    policy: ({ budget }) => (trace) =>
      compose(candidates({ minBytes: 1 << 10 }), rank(), fit({ budget, bandwidth }), prefetch())(
        asTimed(trace),
      ),
  });
  const counts: Counts = { evictions: 0, missed: 0, out: 0, in: 0, ms: 0 };
  const { makeRoom, missed } = device.observer!;
  device.observer!.makeRoom = (bytes) => {
    counts.evictions++;
    return makeRoom!(bytes);
  };
  device.observer!.missed = (storage) => {
    counts.missed++;
    missed!(storage);
  };
  const counted = async <T>(way: "step" | "evaluate", fn: () => T): Promise<Awaited<T>> => {
    const before = { ...clock.sentBytes, ms: clock.now };
    counts.evictions = counts.missed = 0;
    const result = await swap[way](() => {
      const stop = ebb.observeOps({ before() {}, after: () => void clock.now++ });
      try {
        return fn();
      } finally {
        stop();
      }
    });
    counts.out = clock.sentBytes.out - before.out;
    counts.in = clock.sentBytes.in - before.in;
    counts.ms = clock.now - before.ms;
    return result;
  };
  return {
    device,
    swap,
    counts,
    step: (fn) => counted("step", fn),
    evaluate: (fn) => counted("evaluate", fn),
  };
}

/** Runs `fn` in a laboratory with a share of the memory that `program` needs without swap. */
export async function inLab(program: Program, share: number, fn: (lab: Lab) => Promise<void>): Promise<void> {
  const { peakBytes } = await unlimited(program);
  const world = lab(Math.ceil(peakBytes * share));
  await ebb.withDevice(world.device, () => fn(world));
  world.swap.dispose();
  assertEmpty(world.device);
}

/** Takes steps until nothing is unforeseen; the counts of the last. */
export async function settled(world: Lab, run: () => unknown): Promise<Counts> {
  for (let i = 0; i < 6; i++) await world.step(run);
  assertEquals([world.swap.stage, world.counts.evictions], ["Stable", 0]);
  return { ...world.counts };
}
