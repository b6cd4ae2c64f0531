/**
 * The detailed profiler, beside the light one that swap runs on (`recorder.ts`): it takes the time of every op, waits
 * for the device where that computes beside the program, and writes down types, shapes and the line of the user's code.
 * (Measured: some 25 µs an op, nearly all for the call stack, and 130 µs more to read it when the run is over; times of
 * ops contain none of that.) So it is for looking at a few steps. After PyTorch's `torch.profiler`.
 *
 * Left out: views, which run nothing; temporaries of kernels, which only the light profiler counts.
 *
 * @module
 */
import type { CopyObserver, Device, Storage, Ticket } from "../device/mod.ts";
import { observeOps, type OpCall, type OpObserver, Tensor } from "../tensor/mod.ts";
import { stepPhase } from "../tensor/observe.ts";
import { callSitesOf, takeStack } from "./call_site.ts";
import type { ProfileData, ProfiledCopy, ProfiledOp, ProfiledWait } from "./profile_data.ts";
import { Profile } from "./profile_report.ts";

/** Settings of {@linkcode profile}. */
export interface ProfileOptions {
  /** The device whose ops and copies are of interest; default: all. */
  device?: Device;
  /** Whether ops are to know the line of the user's code; default true. */
  callSites?: boolean;
}

/** A copy that ended, before it is known when its turn came. */
type EndedCopy = Omit<ProfiledCopy, "startMs">;

/** Records what runs until it is stopped. */
class Recording implements OpObserver {
  readonly #only: Device | undefined;
  readonly #callSites: boolean;
  readonly #ops: Omit<ProfiledOp, "site" | "module">[] = [];
  /** One an op, where they are wanted. */
  readonly #stacks: Error[] = [];
  readonly #copies: EndedCopy[] = [];
  readonly #waits: ProfiledWait[] = [];
  /** Names of the devices seen. */
  readonly #names = new Map<Device, string>();
  /** Ends watching the copies of a device. */
  readonly #watched = new Map<Device, () => void>();
  readonly #beginMs = performance.now();
  #wallMs = 0;
  /** Of the op that runs now. */
  #stack: Error | null = null;
  #startMs = 0;
  #endMs = 0;
  #waitMs = 0;

  constructor({ device, callSites = true }: ProfileOptions) {
    this.#only = device;
    this.#callSites = callSites;
    if (device !== undefined) this.#watch(device);
  }

  before(_op: string, [input]: readonly Storage[]): void {
    const { device } = input;
    if (!this.#isWanted(device)) return;
    this.#watch(device);
    device.finish();
    this.#stack = this.#callSites ? takeStack() : null;
    this.#waitMs = 0;
    this.#startMs = performance.now();
  }

  after(_op: string, _inputs: readonly Storage[], [output]: readonly Storage[]): void {
    if (!this.#isWanted(output.device)) return;
    output.device.finish();
    this.#endMs = performance.now();
  }

  ran({ op, inputs, outputs }: OpCall): void {
    const [{ device }] = outputs;
    if (!this.#isWanted(device)) return;
    const read = inputs.filter((operand) => operand instanceof Tensor);
    const describe = ({ dtype, shape }: Tensor) => ({ dtype, shape });
    this.#ops.push({
      name: op.name,
      phase: stepPhase(),
      device: this.#nameOf(device),
      startMs: this.#startMs - this.#beginMs,
      ms: Math.max(0, this.#endMs - this.#startMs - this.#waitMs),
      waitMs: this.#waitMs,
      inputs: read.map(describe),
      outputs: outputs.map(describe),
      bytes: [...read, ...outputs].reduce((sum, { bytes }) => sum + bytes, 0),
      liveBytes: device.pool.liveBytes,
    });
    if (this.#stack !== null) this.#stacks.push(this.#stack);
    this.#stack = null;
  }

  /** Nothing is recorded from now on. */
  stop(): void {
    this.#wallMs = performance.now() - this.#beginMs;
    for (const unwatch of this.#watched.values()) unwatch();
  }

  data(): ProfileData {
    const sites = callSitesOf(this.#stacks);
    return {
      wallMs: this.#wallMs,
      ops: this.#ops.map((op, i) => ({ ...op, ...sites[i] ?? { site: null, module: null } })),
      copies: inTurn(this.#copies),
      waits: this.#waits,
    };
  }

  #isWanted(device: Device): boolean {
    return this.#only === undefined || this.#only === device;
  }

  #nameOf(device: Device): string {
    let name = this.#names.get(device);
    if (name === undefined) {
      const others = [...this.#names.keys()].filter((other) => other.name === device.name).length;
      this.#names.set(device, name = others === 0 ? device.name : `${device.name} #${others + 1}`);
    }
    return name;
  }

  /** Watches a device's copies, once it may have some: to ask for its engine before would make one. */
  #watch(device: Device): void {
    const name = this.#nameOf(device);
    if (this.#watched.has(device) || !device.moves) return;
    const { copies } = device;
    const sinceBegin = (ms: number) => Math.max(0, ms - this.#beginMs);
    const observer: CopyObserver = {
      copied: ({ direction, storage: { bytes }, startedMs }: Ticket, endMs) =>
        this.#copies.push({
          direction,
          device: name,
          bytes,
          askedMs: sinceBegin(startedMs),
          endMs: sinceBegin(endMs),
        }),
      waited: (startMs, endMs) => {
        this.#waitMs += endMs - startMs;
        this.#waits.push({ device: name, startMs: sinceBegin(startMs), endMs: sinceBegin(endMs) });
      },
    };
    copies.observers.add(observer);
    this.#watched.set(device, () => {
      copies.settle(); // what has ended is to be told
      copies.observers.delete(observer);
    });
  }
}

/** Copies with the time at which their turn came: a direction of a device carries one after the other. */
function inTurn(copies: readonly EndedCopy[]): ProfiledCopy[] {
  const freeAt = new Map<string, number>();
  return copies.toSorted((a, b) => a.endMs - b.endMs).map((copy) => {
    const lane = `${copy.device} ${copy.direction}`;
    const startMs = Math.min(copy.endMs, Math.max(copy.askedMs, freeAt.get(lane) ?? 0));
    freeAt.set(lane, copy.endMs);
    return { ...copy, startMs };
  });
}

/**
 * Runs `fn` and writes down every op: how long it took, shapes, bytes and the line of the user's code that led to it,
 * and every copy that swap made meanwhile. In a backward pass or an update the line is the one that called it. The times
 * are of ops alone, without the profiler's work; with other devices than the CPU each op is waited for.
 *
 * @param fn what is profiled; may be asynchronous, and have profiles and steps of swap inside, or be inside of them
 * @returns the profile, with what `fn` gave as its `result`.
 * @throws what `fn` throws; nothing stays behind.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.mlp({ sizes: [64, 32, 10] });
 * using x = ebb.randn([8, 64]);
 * const profile = await ebb.profile(() => ebb.scope(() => model.forward(x).square().mean().backward()));
 * console.log(profile.table({ by: "op", top: 5 }));
 * const [first] = profile.ops;
 * assertEquals([first.name, first.phase, first.inputs[0].shape], ["linear", "forward", [8, 64]]);
 * const path = await Deno.makeTempFile();
 * await profile.exportChromeTrace(path); // open it in https://ui.perfetto.dev
 * await Deno.remove(path);
 * ```
 */
export async function profile<T>(
  fn: () => T,
  options: ProfileOptions = {},
): Promise<Profile<Awaited<T>>> {
  const recording = new Recording(options);
  const stop = observeOps(recording);
  let result: Awaited<T>;
  try {
    result = await fn();
  } finally {
    stop();
    recording.stop();
  }
  return new Profile(result, recording.data());
}
