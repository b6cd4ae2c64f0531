/**
 * A table for what comes and goes with every op. It allocates nothing as entries change: a `Map` makes a new table every
 * so often, and each that it leaves behind leads to the next, so once one has grown old none is freed before the next
 * full garbage collection. (Measured in training steps of 10 ms: 5 kB a step, and a resident set that creeps upwards.)
 *
 * @module
 */
import type { Address } from "./api.ts";

/** What belongs to each of some addresses. Fast where the latest entries leave first. */
export class AddressTable<T> {
  readonly #addresses: Address[] = [];
  readonly #values: T[] = [];

  /** Adds what belongs to an address that is not in the table. */
  add(address: Address, value: T): void {
    this.#addresses.push(address);
    this.#values.push(value);
  }

  /** Takes out what belongs to an address; undefined if it is not in the table. */
  take(address: Address): T | undefined {
    const index = this.#addresses.lastIndexOf(address);
    if (index < 0) return undefined;
    const value = this.#values[index];
    const lastAddress = this.#addresses.pop()!;
    const lastValue = this.#values.pop()!;
    if (index < this.#addresses.length) {
      this.#addresses[index] = lastAddress;
      this.#values[index] = lastValue;
    }
    return value;
  }
}
