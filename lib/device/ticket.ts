/**
 * Tickets of copies: what is asked for, and whether it is done.
 *
 * @module
 */
import type { Storage } from "./storage.ts";
import type { Direction } from "./transport.ts";

/**
 * A copy that was asked for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const device = ebb.cpu({ link: { bytesPerSecond: 1e6 } }); // a slow one: 4 ms for these 4,000 bytes
 * using x = ebb.ones([1000], { device });
 * const ticket = device.copies.copyOut(x.storage)!;
 * assertEquals([ticket.direction, ticket.settled], ["out", false]);
 * x.add_(1); // what is written while it leaves stays, as the copy has old bytes
 * device.copies.wait(ticket);
 * assertEquals([ticket.settled, ticket.failure, x.storage.state], [true, null, "resident"]);
 * ```
 */
export class Ticket {
  /** Which way the bytes go. */
  readonly direction: Direction;
  /** What is copied. */
  readonly storage: Storage;
  /** When it was asked for, in milliseconds of `performance.now()`. */
  readonly startedMs: number = performance.now();
  /** The storage's version when it was asked for. */
  readonly version: number;
  /** Whether the copy is finished and the storage's state says so. Asked of the engine: `engine.done(ticket)`. */
  settled = false;
  /** Why the copy failed, when it is settled; null: it did not. The storage is then where it was. */
  failure: Error | null = null;

  /** The engine makes tickets. */
  constructor(direction: Direction, storage: Storage) {
    this.direction = direction;
    this.storage = storage;
    this.version = storage.version;
  }
}

/** The ticket of a copy that is not needed. */
export function settledTicket(direction: Direction, storage: Storage): Ticket {
  const ticket = new Ticket(direction, storage);
  ticket.settled = true;
  return ticket;
}
