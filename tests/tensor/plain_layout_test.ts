/**
 * Convolution, pooling and normalisation once more without the blocked layout, as on processors and builds of ONNX
 * Runtime that do not have it: the tests of those ops, on the CPU, with `EBB_BLOCKED=0`.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { blockSize } from "../../lib/tensor/layout.ts";

const SETTINGS = { EBB_BLOCKED: "0", EBB_DEVICE: "cpu" };
const before = Object.keys(SETTINGS).map((name) => [name, Deno.env.get(name)] as const);
for (const [name, value] of Object.entries(SETTINGS)) Deno.env.set(name, value);

const size = blockSize(); // asked for once a file
for (const op of ["adaptive_pool", "batch_norm", "conv", "group_norm", "pool"]) {
  await import(new URL(`ops/${op}_test.ts`, import.meta.url).href);
}

// Other files of this process have settings of their own.
for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);

Deno.test("the tests of this file run without the blocked layout", () => assertEquals(size, 1));
