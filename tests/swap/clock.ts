/**
 * Time that a test sets: an op takes a millisecond, a copy what a link of a stated speed needs for it, and nothing else
 * takes any. Beside it a pool without gaps, so that what a device holds depends on sizes alone. With both a step goes the
 * same way each time, and can be compared with its simulation byte for byte.
 *
 * @module
 */
import { cpuBackend } from "../../lib/device/cpu.ts";
import type { Place } from "../../lib/device/far.ts";
import { ALIGNMENT, type Block, type Pool } from "../../lib/device/pool.ts";
import { type Copy, type Direction, InlineTransport, type Transport } from "../../lib/device/transport.ts";
import type { Bandwidth, Trace } from "../../lib/swap/mod.ts";
import { copyMs } from "../../lib/swap/policy/need.ts";

/** A link with a time of its own; each direction carries one copy after the other. */
export class Clock implements Transport {
  /** Milliseconds since it was made. */
  now = 0;
  /** Bytes sent in each direction, in whole blocks. */
  readonly sentBytes = { out: 0, in: 0 };
  readonly #inline = new InlineTransport(cpuBackend());
  readonly #bandwidth: Bandwidth;
  readonly #freeMs = { out: 0, in: 0 };

  constructor(bandwidth: Bandwidth) {
    this.#bandwidth = bandwidth;
  }

  start(direction: Direction, device: Block, far: Place, bytes: number): Copy {
    this.#inline.start(direction, device, far, bytes);
    this.sentBytes[direction] += rounded(bytes);
    const startMs = Math.max(this.now, this.#freeMs[direction]);
    const finishedMs = startMs + copyMs(rounded(bytes), direction, this.#bandwidth);
    this.#freeMs[direction] = finishedMs;
    const isOver = () => finishedMs <= this.now;
    return {
      failure: null,
      finishedMs,
      get isFinished() {
        return isOver();
      },
      wait: () => {
        this.now = Math.max(this.now, finishedMs);
      },
    };
  }
}

/** Bytes of the block that holds `bytes` bytes. */
function rounded(bytes: number): number {
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}

/** The trace as clock and pool see it. */
export function asTimed(trace: Trace): Trace {
  return {
    ...trace,
    opMs: trace.ops.map(() => 1),
    stepMs: trace.ops.length,
    storages: trace.storages.map((storage) => ({ ...storage, bytes: rounded(storage.bytes) })),
  };
}

/** Has a pool give blocks as long as what is in use stays within its budget, wherever free memory lies. */
export function closeGaps(pool: Pool): void {
  const { allocate, budgetBytes } = pool;
  pool.allocate = function (bytes) {
    if (this.liveBytes + rounded(bytes) > budgetBytes) return null;
    this.budgetBytes = Infinity;
    try {
      return allocate.call(this, bytes);
    } finally {
      this.budgetBytes = budgetBytes;
    }
  };
}
