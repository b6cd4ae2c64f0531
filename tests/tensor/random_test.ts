/**
 * The generator, against its published numbers and the distributions that it promises.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { defaultGenerator, Generator, seed } from "../../lib/tensor/random.ts";

Deno.test("Generator gives the published numbers of xoshiro128++ from the state 1, 2, 3, 4", () => {
  const generator = Generator.from([1, 2, 3, 4]);
  const first = Array.from({ length: 10 }, () => generator.uint32());
  assertEquals(first.slice(0, 5), [641, 1573767, 3222811527, 3517856514, 836907274]);
  assertEquals(first.slice(5), [4247214768, 3867114732, 1355841295, 495546011, 621204420]);
});

Deno.test("Generator gives the same numbers for the same seed, others for another seed or stream", () => {
  const draw = (...path: [number, ...number[]]) => {
    const generator = new Generator(...path);
    return Array.from({ length: 4 }, () => generator.uint32());
  };
  assertEquals(draw(1), draw(1));
  assertEquals(draw(1, 2), draw(1, 2));
  const all = [draw(1), draw(2), draw(-1), draw(2 ** 32 + 1), draw(1, 0), draw(1, 1), draw(1, 1, 0)];
  assertEquals(new Set(all.map(String)).size, all.length);
});

Deno.test("Generator goes on bit-identically from its state", () => {
  const one = new Generator(5);
  for (let i = 0; i < 100; i++) one.normal();
  const two = Generator.from(one.state());
  const draw = (g: Generator) => [g.uint32(), g.float(), g.normal(), g.int(10), ...g.state()];
  assertEquals(draw(one), draw(two));
});

Deno.test("Generator.float() is uniform on [0, 1)", () => {
  const generator = new Generator(11);
  const bins = new Float64Array(20);
  const count = 200_000;
  for (let i = 0; i < count; i++) bins[Math.floor(generator.float() * bins.length)]++;
  const expected = count / bins.length;
  const chiSquared = bins.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
  assert(chiSquared < 43.8, `chi squared of 19 degrees is ${chiSquared}`); // passed by 99.9 % of fair draws
});

Deno.test("Generator.int() is uniform and stays below its bound", () => {
  const generator = new Generator(13);
  const bins = new Float64Array(7);
  for (let i = 0; i < 70_000; i++) bins[generator.int(7)]++;
  const chiSquared = bins.reduce((sum, seen) => sum + (seen - 10_000) ** 2 / 10_000, 0);
  assert(chiSquared < 22.5, `chi squared of 6 degrees is ${chiSquared}`);
  assertEquals(generator.int(1), 0);
  assert(generator.int(2 ** 32) < 2 ** 32);
});

Deno.test("Generator.normal() has the moments and the distribution of the normal law", () => {
  const values = new Float64Array(400_000);
  new Generator(17).fillNormal(values);
  const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / values.length;
  assertAlmostEquals(moment(1), 0, 0.006);
  assertAlmostEquals(moment(2), 1, 0.01);
  assertAlmostEquals(moment(3), 0, 0.025);
  assertAlmostEquals(moment(4), 3, 0.06);
  const below = (limit: number) => values.reduce((n, x) => n + Number(x < limit), 0) / values.length;
  // Shares of the standard normal law, the tail of the ziggurat (beyond 3.44) among them.
  const shares = [[-3.5, 2.3263e-4], [-2, 0.0227501], [-1, 0.1586553], [-0.1, 0.4601722], [0.5, 0.6914625]];
  for (const [limit, share] of shares) {
    const tolerance = 4 * Math.sqrt(share * (1 - share) / values.length);
    assertAlmostEquals(below(limit), share, tolerance, `below ${limit}: ${below(limit)}, expected ${share}`);
  }
});

Deno.test("Generator.shuffle() keeps every item and gives every order the same chance", () => {
  const generator = new Generator(19);
  const orders = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const items = Uint32Array.of(0, 1, 2, 3);
    generator.shuffle(items);
    assertEquals([...items].sort(), [0, 1, 2, 3]);
    orders.set(items.join(), (orders.get(items.join()) ?? 0) + 1);
  }
  assertEquals(orders.size, 24);
  const chiSquared = [...orders.values()].reduce((sum, seen) => sum + (seen - 1000) ** 2 / 1000, 0);
  assert(chiSquared < 49.7, `chi squared of 23 degrees is ${chiSquared}`);
});

Deno.test("Generator.fillUniform() stays in its range", () => {
  const values = new Float32Array(100_000);
  new Generator(23).fillUniform(values, -2, 6);
  assert(values.every((x) => x >= -2 && x < 6));
  assertAlmostEquals(values.reduce((sum, x) => sum + x, 0) / values.length, 2, 0.03);
});

Deno.test("seed() determines what the default generator gives", () => {
  seed(3);
  const first = defaultGenerator().uint32();
  assertNotEquals(defaultGenerator().uint32(), first);
  seed(3);
  assertEquals(defaultGenerator().uint32(), first);
});

Deno.test("Generator refuses what is no seed, bound or state", () => {
  assertThrows(() => seed(1.5), RangeError, "seed: expected a whole number but found 1.5");
  assertThrows(() => new Generator(1, NaN), RangeError, "found NaN");
  assertThrows(() => new Generator(1).int(0), RangeError, "expected a whole number of 1 to 2^32 but found 0");
  assertThrows(() => Generator.from([1, 2, 3]), RangeError, "four 32-bit words but found [1, 2, 3]");
  assertThrows(() => Generator.from([0, 0, 0, 0]), RangeError, "found [0, 0, 0, 0]");
});
