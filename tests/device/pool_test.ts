/**
 * The pool against a model: blocks never overlap, the counts are the sums, and the budget holds, whatever the order of
 * requests. The backend is a fake, so that thousands of requests take no memory.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../lib/device/backend.ts";
import { ALIGNMENT, type Block, Pool } from "../../lib/device/pool.ts";
import { Generator } from "../../lib/tensor/random.ts";

/** Memory that is only counted. Segments lie apart, as those of a machine may. */
class FakeMemory {
  readonly segments = new Map<number, number>();
  #next = 1 << 12;

  reserve(bytes: number): number {
    const address = this.#next;
    this.#next += bytes + (1 << 12);
    this.segments.set(address, bytes);
    return address;
  }

  release(address: number, bytes: number): void {
    assertEquals(this.segments.get(address), bytes, "a segment is released as it was reserved, once");
    this.segments.delete(address);
  }

  get bytes(): number {
    return [...this.segments.values()].reduce((a, b) => a + b, 0);
  }

  backend(divisible = true): Backend {
    return {
      divisible,
      reserve: (bytes: number) => this.reserve(bytes),
      release: (address: number, bytes: number) => this.release(address, bytes),
    } as unknown as Backend;
  }
}

/** Sizes from bytes to megabytes, small ones as likely as large ones. */
function drawSize(generator: Generator): number {
  return Math.ceil(2 ** (generator.float() * 22));
}

function checkBlocks(pool: Pool, memory: FakeMemory, live: Map<Block, number>): void {
  const places = [...live.keys()]
    .map((block) => ({
      from: block.segment.address + block.offset,
      to: block.segment.address + block.offset + block.bytes,
      block,
    }))
    .sort((a, b) => a.from - b.from);
  let bytes = 0;
  places.forEach(({ from, to, block }, i) => {
    assert(!block.free && block.bytes >= live.get(block)!, "a block is in use and as large as asked for");
    assertEquals(block.offset % ALIGNMENT, 0, "a block is aligned");
    assert(
      block.offset + block.bytes <= memory.segments.get(block.segment.address)!,
      "a block lies in its segment",
    );
    assert(i === 0 || places[i - 1].to <= from, `blocks overlap at ${from} of ${to}`);
    bytes += block.bytes;
  });
  assertEquals(pool.liveBytes, bytes);
  assertEquals(pool.reservedBytes, memory.bytes);
  assert(pool.liveBytes <= pool.reservedBytes && pool.reservedBytes <= pool.peakBytes);
  assert(pool.peakBytes <= pool.budgetBytes, `a peak of ${pool.peakBytes} within ${pool.budgetBytes}`);
}

for (
  const { budget, divisible } of [
    { budget: Infinity, divisible: true },
    { budget: 24 << 20, divisible: true },
    { budget: 24 << 20, divisible: false },
  ]
) {
  const kind = `${divisible ? "divisible" : "whole"} memory, ${
    budget === Infinity ? "no budget" : "a budget"
  }`;
  Deno.test(`Pool keeps its word over random requests (${kind})`, () => {
    for (let seed = 0; seed < 4; seed++) {
      const generator = new Generator(seed);
      const memory = new FakeMemory();
      const pool = new Pool(memory.backend(divisible), budget);
      const live = new Map<Block, number>();
      let refused = 0;
      for (let step = 0; step < 1500; step++) {
        // Phases of growth and of decline.
        const grow = generator.float() < (step % 400 < 250 ? 0.6 : 0.35);
        if (grow || live.size === 0) {
          const bytes = drawSize(generator);
          const block = pool.allocate(bytes);
          if (block !== null) live.set(block, bytes);
          else refused++;
        } else {
          const victim = [...live.keys()][generator.int(live.size)];
          live.delete(victim);
          pool.free(victim);
        }
        if (step % 10 === 0) checkBlocks(pool, memory, live);
      }
      assertEquals(refused > 0, budget < Infinity);
      for (const block of live.keys()) pool.free(block);
      checkBlocks(pool, memory, new Map());
      assertEquals([pool.liveBytes, pool.cachedBytes], [0, pool.reservedBytes]);
      pool.trim();
      assertEquals([pool.reservedBytes, memory.segments.size], [0, 0]);
    }
  });
}

Deno.test("Pool gives a freed block again without new memory", () => {
  const memory = new FakeMemory();
  const pool = new Pool(memory.backend());
  for (const bytes of [1, 64, 5000, 1 << 20]) {
    const first = pool.allocate(bytes)!;
    pool.free(first);
    const reserved = pool.reservedBytes;
    const second = pool.allocate(bytes)!;
    assertEquals([second.segment.address, second.offset], [first.segment.address, first.offset]);
    assertEquals(pool.reservedBytes, reserved);
    pool.free(second);
  }
});

Deno.test("Pool joins neighbours that are free, in any order", () => {
  for (const order of [[0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 0, 2]]) {
    const pool = new Pool(new FakeMemory().backend());
    const whole = pool.allocate(3 << 20)!;
    pool.free(whole);
    const parts = [0, 1, 2].map(() => pool.allocate(1 << 20)!);
    assertEquals(pool.reservedBytes, 3 << 20, "three thirds fit where the whole was");
    for (const i of order) pool.free(parts[i]);
    assertEquals(pool.largestFreeBytes, 3 << 20);
    assertEquals(pool.allocate(3 << 20)!.bytes, 3 << 20);
    assertEquals(pool.reservedBytes, 3 << 20);
  }
});

Deno.test("Pool takes the smallest block that is large enough", () => {
  const pool = new Pool(new FakeMemory().backend());
  const blocks = [8, 2, 4].map((size) => pool.allocate(size << 20)!);
  for (const block of blocks) pool.free(block);
  const found = pool.allocate(3 << 20)!;
  assertEquals(found.segment.bytes, 4 << 20);
});

Deno.test("Pool keeps scalars out of the segments of large tensors", () => {
  const pool = new Pool(new FakeMemory().backend());
  const large = pool.allocate(1 << 20)!;
  const scalar = pool.allocate(4)!;
  assert(large.segment !== scalar.segment);
});

Deno.test("Pool gives idle segments back before it asks for more than its budget", () => {
  const memory = new FakeMemory();
  const pool = new Pool(memory.backend(), 4 << 20);
  for (let size = 1 << 19; size <= 4 << 20; size += 1 << 18) {
    const block = pool.allocate(size);
    assert(block !== null, `${size} bytes fit, as nothing else is in use`);
    pool.free(block);
  }
  assert(memory.bytes <= 4 << 20);
});

Deno.test("Pool refuses what does not fit its budget, and goes on", () => {
  const pool = new Pool(new FakeMemory().backend(), 1 << 20);
  assertEquals(pool.allocate((1 << 20) + 1), null);
  const block = pool.allocate(1 << 20)!;
  assertEquals([block.bytes, pool.allocate(1)], [1 << 20, null]);
  pool.free(block);
  assert(pool.allocate(1) !== null);
});

Deno.test("Pool refuses when the machine has no memory", () => {
  const pool = new Pool({ divisible: true, reserve: () => 0, release: () => {} } as unknown as Backend);
  assertEquals(pool.allocate(64), null);
  assertEquals([pool.liveBytes, pool.reservedBytes, pool.peakBytes], [0, 0, 0]);
});

Deno.test("a loop that repeats itself settles: reserved bytes stop growing after the first round", () => {
  const pool = new Pool(new FakeMemory().backend());
  const sizes = Array.from({ length: 40 }, (_, i) => drawSize(new Generator(i)));
  const reserved: number[] = [];
  for (let round = 0; round < 5; round++) {
    const held: Block[] = [];
    sizes.forEach((bytes, i) => {
      held.push(pool.allocate(bytes)!);
      if (i % 3 === 2) pool.free(held.splice(i % held.length, 1)[0]);
    });
    for (const block of held.reverse()) pool.free(block);
    reserved.push(pool.reservedBytes);
  }
  assertEquals(new Set(reserved.slice(1)).size, 1, String(reserved));
});

Deno.test("a loop that repeats itself settles: after some rounds nothing is reserved or given back any more", () => {
  // Phases whose blocks do not fit the segments that others left: large ones, then medium ones instead.
  const phases = [[0.8, 0.8, 0.8], new Array(12).fill(0.2), [1.1, 1.2], [0.6, 0.6, 0.6, 0.2, 0.2]];
  const memory = new FakeMemory();
  const pool = new Pool(memory.backend());
  const layouts: string[] = [];
  for (let round = 0; round < 12; round++) {
    for (const sizes of phases) {
      const held = sizes.map((size) => pool.allocate(size * (1 << 20))!);
      for (const block of held) pool.free(block);
    }
    layouts.push(`${[...memory.segments]}`);
  }
  assertEquals(new Set(layouts.slice(-6)).size, 1);
  const needed = 2.4 * (1 << 20);
  assert(pool.peakBytes <= 1.3 * needed, `${pool.peakBytes} bytes where ${needed} are needed at once`);
});
