/**
 * The copy engine of a device: storages leave for the far side (host memory, then a file) and come back, a ticket for
 * each copy. Copies run beside the program where the transport can do that; what a finished copy means is settled on this
 * thread, when the engine is asked, so that nothing changes in the middle of an op.
 *
 * | state       | device block | far place  | read from | written in place                  | where its copy fails |
 * | ----------- | ------------ | ---------- | --------- | --------------------------------- | -------------------- |
 * | `resident`  | yes          | no         | device    | at once                           |                      |
 * | `leaving`   | yes          | being made | device    | at once; the far place is dropped | `resident`           |
 * | `away`      | no           | yes        | far side  | after coming back                 |                      |
 * | `returning` | being made   | yes        | far side  | after the copy                    | `away`               |
 * | `dropped`   | no           | no         | nowhere   | after it was computed again       |                      |
 *
 * @module
 */
import type { Device } from "./device.ts";
import type { DiskOptions } from "./disk.ts";
import type { FarReport, FarSide, Place } from "./far.ts";
import { blockUntil, type Link } from "./link.ts";
import { type Block, hold } from "./pool.ts";
import { restore } from "./recipe.ts";
import type { Storage } from "./storage.ts";
import { settledTicket, Ticket } from "./ticket.ts";
import type { Copy, Direction, Transport } from "./transport.ts";

/** Watches copies; a profiler is one. Times are in milliseconds of `performance.now()`. */
export interface CopyObserver {
  /** The copy asked for at `ticket.startedMs` was finished at `endMs`; told when the engine takes it in. */
  copied(ticket: Ticket, endMs: number): void;
  /** The program has waited for a copy. */
  waited(startMs: number, endMs: number): void;
}

/** A copy under way. */
interface Flight {
  ticket: Ticket;
  copy: Copy;
  /** Not finished before this, where a link is imitated. */
  dueMs: number;
  device: Block;
  far: Place;
  bytes: number;
}

/**
 * Moves a device's storages to host memory, or to a file, and back: `device.copies`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu();
 * using x = ebb.ones([1000], { device });
 * const ticket = device.copies.copyOut(x.storage)!; // the program goes on …
 * device.copies.wait(ticket);
 * assertEquals([x.storage.state, device.memory().liveBytes], ["away", 0]);
 * using y = x.add(1); // an op brings back what it reads
 * assertEquals([x.storage.state, y.data()[999]], ["resident", 2]);
 * ```
 */
export class CopyEngine {
  /**
   * What storages leave for; its blocks are reused.
   *
   * @internal
   */
  readonly far: FarSide;
  /** Milliseconds that the program has waited for copies. */
  waitedMs = 0;
  /** Bytes sent in each direction. */
  readonly sentBytes: Record<Direction, number> = { out: 0, in: 0 };
  /** Who watches. */
  readonly observers: Set<CopyObserver> = new Set();
  readonly #device: Device;
  readonly #link: Link | null;
  readonly #start: () => Transport;
  #transport: Transport | null = null;
  #flights: Flight[] = [];

  /** `start` gives the transport, when the first copy is asked for. Devices have one: `device.copies`. */
  constructor(device: Device, far: FarSide, start: () => Transport, link: Link | null) {
    this.#device = device;
    this.far = far;
    this.#start = start;
    this.#link = link;
  }

  /** What storages that left take in host memory, and under `disk` what they take in a file, in bytes. */
  memory(): FarReport {
    return this.far.memory();
  }

  /** The most host memory that storages which leave may take; a lower one is met as they come back. */
  get budgetBytes(): number {
    return this.far.host.budgetBytes;
  }

  set budgetBytes(bytes: number) {
    this.far.host.budgetBytes = bytes;
  }

  /**
   * From now on, what finds no room in host memory goes to a file in a directory, which is made where there is none. The
   * file has no name there, so that nothing of it is left when the process ends, however that happens. Null: nothing
   * more goes to a file. What is in one can be read as long as it is there; then the file ends.
   *
   * A disk that is full is no error: storages then stay on the device, the disk is tried again after a second, and where
   * the device has no room either its {@link OutOfMemoryError} says what the disk said.
   *
   * @throws {Error} when no file can be made there.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import * as ebb from "@ebb/ebb";
   *
   * const directory = Deno.makeTempDirSync();
   * const device = ebb.cpu({ hostBudget: "1 KiB" });
   * device.copies.useDisk(directory);
   * const x = ebb.ones([1000], { device });
   * device.copies.wait(device.copies.copyOut(x.storage)!);
   * assertEquals(device.copies.memory().disk!.liveBytes, 4096);
   * assertEquals(x.data()[999], 1); // read where it is
   * x.dispose();
   * device.copies.useDisk(null);
   * Deno.removeSync(directory); // is empty
   * ```
   */
  useDisk(options: string | DiskOptions | null): void {
    this.far.useDisk(options);
  }

  /** Bytes under way in a direction. */
  bytesUnderWay(direction: Direction): number {
    return this.#flights.reduce(
      (sum, { ticket, bytes }) => ticket.direction === direction ? sum + bytes : sum,
      0,
    );
  }

  /**
   * Starts to move a storage to the far side. The device's block is free again when the copy is done; until then the
   * storage can be read, and a write in place keeps it where it is. A storage on its way already keeps its ticket; for
   * one that is away there is nothing to do.
   *
   * @returns the ticket; null when the far side has no room, or an op is at work on the storage (`pins`): nothing
   * has changed then.
   * @throws {Error} when the storage was freed.
   */
  copyOut(storage: Storage): Ticket | null {
    checkAlive("copyOut", storage);
    this.settle();
    if (storage.state === "returning") this.#finish(storage.ticket!);
    if (storage.state === "leaving") {
      if (storage.ticket!.version === storage.version) return storage.ticket;
      this.cancel(storage);
    }
    if (storage.state === "away" || storage.state === "dropped") return settledTicket("out", storage);
    const far = storage.pins > 0 ? null : this.far.allocate(storage.bytes);
    if (far === null) return null;
    try {
      this.#fly("out", storage, storage.block!, far);
    } catch (error) {
      this.far.free(far);
      throw error;
    }
    storage.far = far;
    storage.state = "leaving";
    return storage.ticket;
  }

  /**
   * Starts to bring a storage back; one that was leaving stays. A storage on its way back keeps its ticket; for one that
   * is here there is nothing to do.
   *
   * @throws {OutOfMemoryError} when the device has no room: the storage is still away, and can still be read.
   */
  copyIn(storage: Storage): Ticket {
    checkAlive("copyIn", storage);
    this.settle();
    if (storage.state === "leaving") this.cancel(storage);
    if (storage.state === "returning") return storage.ticket!;
    if (storage.state === "dropped") restore(this.#device, storage);
    if (storage.state === "resident") return settledTicket("in", storage);
    return this.#bringBack(storage, this.#device.reserve(storage.bytes));
  }

  /**
   * Like {@link copyIn}, but into memory that is free: nobody is asked for room, and nothing is waited for.
   *
   * @returns null when there is no room; the storage is still away.
   */
  prefetch(storage: Storage): Ticket | null {
    checkAlive("prefetch", storage);
    this.settle();
    if (storage.state !== "away") return this.copyIn(storage);
    const block = this.#device.pool.allocate(storage.bytes);
    return block === null ? null : this.#bringBack(storage, block);
  }

  /** Keeps a storage that was leaving. Its far place is free when the copy under way is finished. */
  cancel(storage: Storage): void {
    if (storage.state !== "leaving") return;
    storage.state = "resident";
    this.#dropFar(storage);
  }

  /** Whether a copy is finished. */
  done(ticket: Ticket): boolean {
    if (!ticket.settled) this.settle();
    return ticket.settled;
  }

  /**
   * Blocks until a copy is finished.
   *
   * @throws {Error} when the storage could not be read back from a file: it is still away.
   */
  wait(ticket: Ticket): void {
    this.#finish(ticket);
    if (ticket.direction === "in" && ticket.failure !== null) throw ticket.failure;
  }

  /** Blocks until no copy is under way. */
  drain(): void {
    for (const flight of [...this.#flights]) this.#await(flight);
    this.settle();
  }

  /**
   * Makes a storage readable on the device: brings it back if it is away, waits if it is returning. One that is leaving
   * is readable until it is gone; {@link cancel} or {@link copyIn} keep it.
   *
   * @throws {OutOfMemoryError} when the device has no room.
   * @throws {Error} when the storage is in a file that cannot be read.
   */
  ensureResident(storage: Storage): void {
    if (storage.state === "away" || storage.state === "dropped") this.copyIn(storage);
    if (storage.state === "returning") this.wait(storage.ticket!);
  }

  /** Frees device blocks of finished copies. Cheap when none is under way. */
  settle(): void {
    if (this.#flights.length === 0) return;
    const now = performance.now();
    const flights = this.#flights;
    const pending: Flight[] = [];
    let next = 0;
    try {
      while (next < flights.length) {
        const flight = flights[next++];
        const isFinished = flight.dueMs <= now && flight.copy.isFinished;
        if (!isFinished || !this.#land(flight)) pending.push(flight);
      }
    } finally {
      // An observer may have thrown: the copy that it was told of has ended all the same.
      pending.push(...flights.slice(next));
      this.#flights = pending;
    }
  }

  /**
   * Waits until a copy under way gives a device block back.
   *
   * @returns false when none will.
   */
  waitForRoom(): boolean {
    for (;;) {
      const before = this.#device.pool.liveBytes;
      const flight = this.#flights.find(({ ticket, device }) =>
        device.doomed ||
        (ticket.direction === "out" && ticket.storage.ticket === ticket && ticket.storage.pins === 0)
      );
      if (flight === undefined) return false;
      this.#await(flight);
      this.settle();
      if (this.#device.pool.liveBytes < before) return true;
    }
  }

  /**
   * Lets go of a freed storage's far place, when no copy touches it any more.
   *
   * @internal
   */
  forget(storage: Storage): void {
    this.#dropFar(storage);
  }

  #bringBack(storage: Storage, block: Block): Ticket {
    try {
      this.#fly("in", storage, block, storage.far!);
    } catch (error) {
      this.#device.pool.free(block);
      throw error;
    }
    storage.block = block;
    storage.state = "returning";
    return storage.ticket!;
  }

  #fly(direction: Direction, storage: Storage, device: Block, far: Place): void {
    this.#transport ??= this.#start();
    const ticket = new Ticket(direction, storage);
    const copy = this.#transport.start(direction, device, far, storage.bytes);
    const dueMs = this.#link === null ? 0 : this.#link.send(direction, storage.bytes);
    hold(device);
    hold(far.block);
    this.#flights.push({ ticket, copy, dueMs, device, far, bytes: storage.bytes });
    this.sentBytes[direction] += storage.bytes;
    storage.ticket = ticket;
  }

  #dropFar(storage: Storage): void {
    if (storage.far !== null) this.far.free(storage.far);
    storage.far = null;
    storage.ticket = null;
  }

  #finish(ticket: Ticket): void {
    this.settle();
    const flight = this.#flights.find((flight) => flight.ticket === ticket);
    if (flight !== undefined) this.#await(flight);
    this.settle();
  }

  #await(flight: Flight): void {
    const start = performance.now();
    flight.copy.wait();
    blockUntil(flight.dueMs);
    const end = performance.now();
    this.waitedMs += end - start;
    for (const observer of this.observers) observer.waited(start, end);
  }

  /** Takes in a copy that was found finished; false while an op reads the block that it would free. */
  #land({ ticket, copy, dueMs, device, far, bytes }: Flight): boolean {
    const { storage, direction } = ticket;
    const counts = storage.ticket === ticket;
    if (counts && direction === "out" && storage.pins > 0) return false;
    ticket.failure = far.disk?.ended(direction, far.block, bytes, copy.failure) ?? null;
    this.#device.pool.letGo(device);
    this.far.letGo(far);
    ticket.settled = true;
    if (counts) this.#arrive(ticket);
    for (const observer of this.observers) observer.copied(ticket, Math.max(dueMs, copy.finishedMs));
    return true;
  }

  /** Has a storage be where its copy, which has ended, leaves it. */
  #arrive({ storage, direction, version, failure }: Ticket): void {
    // What was written in place since it was to leave stays: the far side has old bytes.
    if (direction === "out" ? failure === null && storage.version === version : failure !== null) {
      storage.state = "away";
      storage.ticket = null;
      this.#device.pool.free(storage.block!);
      storage.block = null;
    } else {
      storage.state = "resident";
      this.#dropFar(storage);
    }
  }
}

function checkAlive(method: string, storage: Storage): void {
  if (storage.holders === 0) {
    throw new Error(`${method}: expected a live storage but found one that was freed`);
  }
}
