/**
 * The table of addresses against a map.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { AddressTable } from "../../lib/ort/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";

Deno.test("AddressTable gives back what was put in, in any order, once", () => {
  const generator = new Generator(7);
  const table = new AddressTable<string>();
  const model = new Map<number, string>();
  for (let step = 0; step < 2000; step++) {
    const address = 64 * generator.int(40);
    if (model.has(address) || generator.float() < 0.3) {
      assertEquals(table.take(address), model.get(address), `step ${step}, address ${address}`);
      model.delete(address);
    } else {
      table.add(address, `${step}`);
      model.set(address, `${step}`);
    }
  }
  for (const [address, value] of model) assertEquals(table.take(address), value);
  for (const address of model.keys()) assertEquals(table.take(address), undefined);
});
