/**
 * Swap under everything at once: random training, copies that end at the worst times, freed blocks overwritten,
 * allocations that fail for no reason. A failing seed says how to run it alone: `EBB_SEED=17 deno task test
 * tests/swap/random_test.ts`.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { cpuBackend } from "../../lib/device/cpu.ts";
import type { Device, Storage } from "../../lib/device/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";
import { inDirectory } from "../device/disk_files.ts";
import { LateTransport, poison } from "../device/late_transport.ts";
import { poisonDisk } from "../device/random_moves.ts";
import { train } from "./trainer.ts";

const only = Deno.env.get("EBB_SEED");
const SEEDS = only === undefined ? Array.from({ length: 500 }, (_, i) => i) : [Number(only)];

/** The disk breaks at the first of every so many seeds. */
const BROKEN = 5;

/**
 * A device whose copies end at random times, or as late as can be, and whose freed memory is overwritten. Where the disk
 * `breaks`, it refuses to be written to now and then.
 */
function hostile(seed: number, budget: number, breaks: boolean): Device {
  const chance = new Generator(seed, 7);
  const device = ebb.cpu({ budget });
  const late = new LateTransport(cpuBackend(), () => chance.int(2) === 0);
  device.copyWith(() => late);
  poison(device.pool, cpuBackend());
  poison(device.copies.far.host, cpuBackend());
  const worst = seed % 3 === 0; // copies end only when somebody waits for them
  const { allocate } = device.pool;
  let calls = 0;
  const every = 5 + chance.int(40);
  device.pool.allocate = function (bytes) {
    while (!worst && late.pending.length > 0 && chance.int(3) > 0) {
      const copy = late.pending[chance.int(late.pending.length)];
      if (breaks && copy.isOfFile && copy.direction === "out" && chance.int(8) === 0) {
        late.fail(copy, "no luck");
      } else late.end(copy);
    }
    // Refused although there may be room, as long as something can be moved to make more.
    if (++calls % every === 0 && [...device.storages()].some(isMovable)) return null;
    return allocate.call(this, bytes);
  };
  return device;
}

function isMovable({ state, pins, bytes, block }: Storage): boolean {
  return state === "resident" && pins === 0 && bytes >= 4096 && block !== null;
}

const { candidates, compose, fit, prefetch, rank, recompute, swapping } = ebb.policy;

/** What makes plans of times makes them of the first step as well, as if each op took as long. */
function timed(make: (trace: ebb.Trace) => ebb.Plan): (trace: ebb.Trace) => ebb.Plan {
  return (trace) => make({ ...trace, opMs: trace.ops.map(() => 1) });
}

/** The default, swap alone, and all that can be computed again, with or without swap for what is left. */
const POLICIES: readonly ebb.SwapOptions["policy"][] = [
  undefined,
  swapping,
  ({ budget }) => timed(compose(recompute({ budget, share: 2, cascade: 1, minBytes: 0 }))),
  ({ budget, bandwidth }) =>
    timed(compose(
      recompute({ budget, minBytes: 0 }),
      candidates({ minBytes: 0 }),
      rank(),
      fit({ budget, bandwidth }),
      prefetch(),
    )),
];

/** Seeds in which something was computed again. */
let recomputed = 0;

/** Runs a seed with swap and without; whether there was memory enough. With a `disk` hardly any host memory is used. */
async function compare(seed: number, disk?: string): Promise<boolean> {
  try {
    return await isSame(seed, disk);
  } catch (cause) {
    throw new Error(`EBB_SEED=${seed} deno task test tests/swap/random_test.ts`, { cause });
  }
}

async function isSame(seed: number, disk?: string): Promise<boolean> {
  const free = ebb.cpu();
  const expected = await train(seed, free, null);
  assertEquals(free.memory().storages, 0);
  const share = 0.3 + 0.1 * (seed % 6);
  const device = hostile(seed, Math.ceil(free.memory().peakBytes * share), seed % BROKEN === 0);
  const policy = POLICIES[(seed >> 1) % POLICIES.length];
  const swap = ebb.swap(device, disk === undefined ? { policy } : { policy, disk, host: 1 << (seed % 18) });
  const { far } = device.copies;
  if (far.disk !== null) poisonDisk(far.disk);
  const found = await train(seed, device, swap);
  swap.dispose();
  const { storages, liveBytes, peakBytes, budgetBytes } = device.memory();
  assertEquals([storages, liveBytes, far.liveBytes], [0, 0, 0]);
  assert(peakBytes <= budgetBytes, `${peakBytes} of ${budgetBytes} bytes`);
  if (device.recomputedMs > 0) recomputed++;
  if (found.refused > 0) return false;
  assertEquals(found.bits, expected.bits);
  return true;
}

Deno.test(`${SEEDS.length} random trainings are the same with swap, bit for bit, within their budgets`, async () => {
  let done = 0;
  for (const seed of SEEDS) if (await compare(seed)) done++;
  // Where a budget is less than an op needs, the error must be clean; but that is to be rare.
  assert(done >= 0.9 * SEEDS.length, `${done} of ${SEEDS.length} had memory enough`);
  if (only === undefined) assert(recomputed >= 0.3 * SEEDS.length, `${recomputed} computed something again`);
});

Deno.test("random trainings are the same when nearly everything goes to a file, even to one that breaks", async () => {
  await inDirectory(async (disk) => {
    let [whole, done] = [0, 0];
    for (const seed of SEEDS.slice(0, 60)) {
      const isDone = await compare(seed, disk);
      if (seed % BROKEN === 0) continue; // there, what could not leave may take the room that was needed
      whole++;
      if (isDone) done++;
    }
    assert(done >= 0.9 * whole, `${done} of ${whole} had memory enough`);
  });
});
