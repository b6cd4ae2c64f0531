/**
 * The copy engine of a device: storages leave for host memory and come back, a ticket for each copy. Copies run beside
 * the program where the transport can do that; what a finished copy means is settled on this thread, when the engine is
 * asked, so that nothing changes in the middle of an op.
 *
 * | state       | device block | host block | read from | written in place                    |
 * | ----------- | ------------ | ---------- | --------- | ----------------------------------- |
 * | `resident`  | yes          | no         | device    | at once                             |
 * | `leaving`   | yes          | being made | device    | at once; the host block is dropped  |
 * | `away`      | no           | yes        | host      | after coming back                   |
 * | `returning` | being made   | yes        | host      | after the copy                      |
 * | `dropped`   | no           | no         | nowhere   | after it was computed again         |
 *
 * @module
 */
import type { Device, MemoryReport } from "./device.ts";
import { blockUntil, type Link } from "./link.ts";
import { type Block, hold, type Pool } from "./pool.ts";
import { restore } from "./recipe.ts";
import type { Storage } from "./storage.ts";
import { settledTicket, Ticket } from "./ticket.ts";
import type { Direction, Transport } from "./transport.ts";

/** A copy under way. */
interface Flight {
  ticket: Ticket;
  /** The transport's number of it. */
  number: number;
  /** Not finished before this, where a link is imitated. */
  dueMs: number;
  device: Block;
  host: Block;
  bytes: number;
}

/**
 * Moves a device's storages to host memory and back: `device.copies`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "../../mod.ts";
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
   * The host memory that storages leave for, with a budget of its own; blocks are reused.
   *
   * @internal
   */
  readonly far: Pool;
  /** Milliseconds that the program has waited for copies. */
  waitedMs = 0;
  /** Bytes sent in each direction. */
  readonly sentBytes: Record<Direction, number> = { out: 0, in: 0 };
  readonly #device: Device;
  readonly #link: Link | null;
  readonly #start: () => Transport;
  #transport: Transport | null = null;
  #flights: Flight[] = [];

  /** `start` gives the transport, when the first copy is asked for. Devices have one: `device.copies`. */
  constructor(device: Device, far: Pool, start: () => Transport, link: Link | null) {
    this.#device = device;
    this.far = far;
    this.#start = start;
    this.#link = link;
  }

  /** What storages that left take on the host, in bytes. */
  memory(): Omit<MemoryReport, "storages"> {
    const { liveBytes, reservedBytes, peakBytes, budgetBytes } = this.far;
    return { liveBytes, reservedBytes, peakBytes, budgetBytes };
  }

  /** The most host memory that storages which leave may take; a lower one is met as they come back. */
  get budgetBytes(): number {
    return this.far.budgetBytes;
  }

  set budgetBytes(bytes: number) {
    this.far.budgetBytes = bytes;
  }

  /** Bytes under way in a direction. */
  bytesUnderWay(direction: Direction): number {
    return this.#flights.reduce(
      (sum, { ticket, bytes }) => ticket.direction === direction ? sum + bytes : sum,
      0,
    );
  }

  /**
   * Starts to move a storage to the host. The device's block is free again when the copy is done; until then the
   * storage can be read, and a write in place keeps it where it is. A storage on its way already keeps its ticket; for
   * one that is away there is nothing to do.
   *
   * @returns the ticket; null when the host's side has no room, or an op is at work on the storage (`pins`): nothing
   * has changed then.
   * @throws {Error} when the storage was freed.
   */
  copyOut(storage: Storage): Ticket | null {
    checkAlive("copyOut", storage);
    this.settle();
    if (storage.state === "returning") this.#finish(storage);
    if (storage.state === "leaving") {
      if (storage.ticket!.version === storage.version) return storage.ticket;
      this.cancel(storage);
    }
    if (storage.state === "away" || storage.state === "dropped") return settledTicket("out", storage);
    const host = storage.pins > 0 ? null : this.far.allocate(storage.bytes);
    if (host === null) return null;
    try {
      this.#fly("out", storage, storage.block!, host);
    } catch (error) {
      this.far.free(host);
      throw error;
    }
    storage.far = host;
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

  /** Keeps a storage that was leaving. Its host block is free when the copy under way is finished. */
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

  /** Blocks until a copy is finished. */
  wait(ticket: Ticket): void {
    this.settle();
    const flight = this.#flights.find((flight) => flight.ticket === ticket);
    if (flight !== undefined) this.#await(flight);
    this.settle();
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
   */
  ensureResident(storage: Storage): void {
    if (storage.state === "away" || storage.state === "dropped") this.copyIn(storage);
    if (storage.state === "returning") this.#finish(storage);
  }

  /** Frees device blocks of finished copies. Cheap when none is under way. */
  settle(): void {
    if (this.#flights.length === 0) return;
    const transport = this.#transport!;
    const now = performance.now();
    const pending: Flight[] = [];
    for (const flight of this.#flights) {
      const isFinished = flight.dueMs <= now && transport.isFinished(flight.number);
      if (!isFinished || !this.#land(flight)) pending.push(flight);
    }
    this.#flights = pending;
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
   * Lets go of a freed storage's host block, when no copy touches it any more.
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

  #fly(direction: Direction, storage: Storage, device: Block, host: Block): void {
    this.#transport ??= this.#start();
    const number = this.#transport.start(direction, device, host, storage.bytes);
    const dueMs = this.#link === null ? 0 : this.#link.send(direction, storage.bytes);
    const ticket = new Ticket(direction, storage);
    hold(device);
    hold(host);
    this.#flights.push({ ticket, number, dueMs, device, host, bytes: storage.bytes });
    this.sentBytes[direction] += storage.bytes;
    storage.ticket = ticket;
  }

  #dropFar(storage: Storage): void {
    if (storage.far !== null) this.far.free(storage.far);
    storage.far = null;
    storage.ticket = null;
  }

  /** Waits for the copy that brings a storage back. */
  #finish(storage: Storage): void {
    if (storage.ticket !== null) this.wait(storage.ticket);
  }

  #await(flight: Flight): void {
    const start = performance.now();
    this.#transport!.wait(flight.number);
    blockUntil(flight.dueMs);
    this.waitedMs += performance.now() - start;
  }

  /** Takes in a finished copy; false while an op reads the block that it would free. */
  #land({ ticket, device, host }: Flight): boolean {
    const { storage, direction } = ticket;
    const counts = storage.ticket === ticket;
    if (counts && direction === "out" && storage.pins > 0) return false;
    this.#device.pool.letGo(device);
    this.far.letGo(host);
    ticket.settled = true;
    if (!counts) return true;
    if (direction === "in" || storage.version !== ticket.version) {
      // Here again; or written in place since it was to leave, so that the host has old bytes.
      storage.state = "resident";
      this.#dropFar(storage);
    } else {
      storage.state = "away";
      storage.ticket = null;
      this.#device.pool.free(storage.block!);
      storage.block = null;
    }
    return true;
  }
}

function checkAlive(method: string, storage: Storage): void {
  if (storage.holders === 0) {
    throw new Error(`${method}: expected a live storage but found one that was freed`);
  }
}
