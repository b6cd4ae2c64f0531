/**
 * Change detection: the measured table of the reference on a step of 32 layers, and what holds for all sequences.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { likeness, ngramSimilarity, paperSimilarity, phaseSimilarities } from "../../lib/swap/change.ts";
import { Generator } from "../../lib/tensor/random.ts";

/** A step of training of 2,244 ops, numbered as they are first seen; 240 of them are the optimizer's. */
function step({ layers = 32, optimizer = true } = {}): number[] {
  const run = (first: number, kinds: number, length: number) =>
    Array.from({ length }, (_, i) => first + (i * i + 3 * i) % kinds);
  const forward = run(4, 11, 24);
  const backward = run(20, 17, 38);
  return [
    ...run(1, 3, 8),
    ...Array.from({ length: layers }, () => forward).flat(),
    ...run(15, 4, 12),
    ...Array.from({ length: layers }, () => backward).flat(),
    ...optimizer ? Array.from({ length: 60 }, () => run(38, 5, 4)).flat() : [],
  ];
}

/** Every twentieth op another one of those that there are. */
function replaced(ops: readonly number[], generator: Generator): number[] {
  return ops.map((op, i) => {
    if (i % 20 !== 10) return op;
    const other = 1 + generator.int(41);
    return other < op ? other : other + 1;
  });
}

const reference = step();

Deno.test("the step of the tests is as long as that of the table", () => {
  assertEquals(reference.length, 2244);
});

/** The paper's cosines with 40 random numberings of ops, ascending. */
function cosines(other: readonly number[]): number[] {
  const generator = new Generator(2);
  return Array.from({ length: 40 }, () => {
    const numbers = Uint32Array.from({ length: 60 }, (_, number) => number + 1);
    generator.shuffle(numbers);
    const [a, b] = [reference, other].map((ops) => ops.map((op) => numbers[op]));
    assertEquals(ngramSimilarity(a, b), ngramSimilarity(reference, other), "n-grams know no numbering");
    return paperSimilarity(a, b).cosine;
  }).sort((a, b) => a - b);
}

Deno.test("an op inserted at the start is no other step by n-grams, and one by the cosine, however numbered", () => {
  const inserted = [reference[0], 42, ...reference.slice(1)];
  assertAlmostEquals(ngramSimilarity(reference, inserted), 0.998, 0.001);
  assertAlmostEquals(paperSimilarity(reference, inserted).length, 0.0004, 0.0001);
  assert(cosines(inserted).at(-1)! < 0.95, "a false alarm");
});

Deno.test("a twentieth of the ops replaced is another step by n-grams, and missed by the cosine", () => {
  const other = replaced(reference, new Generator(1));
  assertAlmostEquals(ngramSimilarity(reference, other), 0.75, 0.02);
  const { length, cosine, changed } = paperSimilarity(reference, other);
  assertEquals([length, changed], [0, false], `cosine ${cosine}`);
  assert(cosines(other)[0] > 0.95);
});

Deno.test("a skipped optimizer is another step by n-grams, and by the paper's rule for its length alone", () => {
  const skipped = step({ optimizer: false });
  assertAlmostEquals(ngramSimilarity(reference, skipped), 0.892, 0.002);
  const { length, changed } = paperSimilarity(reference, skipped);
  assertAlmostEquals(length, 0.107, 0.001);
  assertEquals(changed, true);
  const found = cosines(skipped);
  assert(found[0] < 0.95 && found.at(-1)! > 0.95, "the cosine depends on how ops are numbered");
});

Deno.test("an exit one layer early costs its share of n-grams, and looks like another step by the cosine", () => {
  const early = step({ layers: 31 });
  assertAlmostEquals(ngramSimilarity(reference, early), 0.972, 0.002);
  const { length, cosine, changed } = paperSimilarity(reference, early);
  assertAlmostEquals(length, 0.028, 0.001);
  assert(cosine < 0.95 && changed, `cosine ${cosine}`);
  const found = cosines(early);
  assert(found.at(-1)! - found[0] > 0.1, "the cosine depends on how ops are numbered");
});

Deno.test("ngramSimilarity() is defined for sequences that are empty or shorter than n", () => {
  assertEquals(ngramSimilarity([], []), 1);
  assertEquals(ngramSimilarity([], [1]), 0);
  assertEquals(ngramSimilarity([1], [1]), 1);
  assertEquals(ngramSimilarity([1], [2]), 0);
  assertEquals(ngramSimilarity([1, 2], [2, 1]), 0, "runs of 2");
  assertEquals(ngramSimilarity([1, 2], [1, 2, 3]), 1 / 2);
  assertEquals(ngramSimilarity([1, 2, 3], [3, 2, 1], 1), 1, "the same ops as often");
  for (const n of [0, -1, 1.5, NaN]) {
    assertThrows(
      () => ngramSimilarity([1], [1], n),
      RangeError,
      `ngramSimilarity: expected n to be a whole number of at least 1 but found ${n}`,
    );
  }
});

Deno.test("ngramSimilarity() agrees with runs written out as texts, for any n and any numbers", () => {
  const generator = new Generator(3);
  const slow = (a: readonly number[], b: readonly number[], n: number) => {
    const size = Math.min(n, a.length, b.length);
    const runs = (ops: readonly number[]) =>
      Array.from({ length: ops.length - size + 1 }, (_, i) => ops.slice(i, i + size).join());
    const [left, right] = [runs(a), runs(b)];
    const total = left.length + right.length;
    const common = left.filter((run) => {
      const at = right.indexOf(run);
      return at >= 0 && right.splice(at, 1);
    }).length;
    return common / (total - common);
  };
  for (let i = 0; i < 200; i++) {
    const scale = [1, 1 << 16, 2 ** 33][generator.int(3)];
    const kinds = 1 + generator.int(12);
    const some = () => Array.from({ length: 1 + generator.int(60) }, () => scale * generator.int(kinds));
    const [a, n] = [some(), 1 + generator.int(20)];
    const b = generator.int(2) === 0 ? some() : [...a.slice(0, 9), ...some(), ...a.slice(9)];
    const similarity = ngramSimilarity(a, b, n);
    assertEquals(similarity, slow(a, b, n));
    assertEquals(ngramSimilarity(Int16Array.from(b), Int16Array.from(b), n), 1);
    assertEquals(ngramSimilarity(b, a, n), similarity, "either way");
    const one = (ops: number[]) => ({ ops, phases: ops.map(() => 0) });
    assertEquals(
      likeness(one(a), one(b), 0.5) >= 0.5,
      ngramSimilarity(a, b) >= 0.5,
      "no length hides a similarity",
    );
  }
});

Deno.test("paperSimilarity() is defined for empty sequences and those of zeros alone", () => {
  assertEquals(paperSimilarity([], []), { length: 0, cosine: 1, changed: false });
  assertEquals(paperSimilarity([], [3]), { length: 1, cosine: 0, changed: true });
  assertEquals(paperSimilarity([0, 0], [0, 0]), { length: 0, cosine: 1, changed: false });
  assertEquals(paperSimilarity([0, 0], [0, 7]).changed, true);
  assertEquals(paperSimilarity(reference, reference), { length: 0, cosine: 1, changed: false });
  const longer = (by: number) => Array.from({ length: 100 + by }, () => 1);
  assertEquals([4, 5].map((by) => paperSimilarity(longer(0), longer(by)).changed), [false, true]);
});

Deno.test("phases are compared one by one, so that a short one counts as much as a long one", () => {
  const forward = Array.from({ length: 60 }, (_, i) => i % 7);
  const backward = Array.from({ length: 90 }, (_, i) => 10 + i % 9);
  const of = (...parts: number[][]) => ({
    ops: parts.flat(),
    phases: parts.flatMap((ops, i) => ops.map(() => i)),
  });
  const whole = of(forward, backward, [20, 20]);
  const skipped = of(forward, backward);
  assert(ngramSimilarity(whole.ops, skipped.ops) > 0.95, "as a whole they look alike");
  assertEquals(phaseSimilarities(whole, skipped), { forward: 1, backward: 1, optimizer: 0 });
  assertEquals([likeness(whole, skipped, 0.95), likeness(whole, whole, 0.95)], [1 - 4 / 152, 1]);
  const longer = of(forward, backward, [20, 20, 20, 20, 20, 20]);
  assertEquals(likeness(longer, skipped, 0.95), 0, "an update that is left out");
  assert(
    likeness(longer, of(forward, backward, [20, 20, 20, 20, 20, 20, 20]), 0.95) > 0.95,
    "an op more in it",
  );
  // Micro-batches: what belongs to a phase is taken together, wherever it stands.
  const two = of(forward, backward, [], forward, backward, [20]);
  const mixed = { ops: two.ops, phases: two.phases.map((phase) => phase % 3) };
  assertEquals(phaseSimilarities(mixed, of([...forward, ...forward], [...backward, ...backward], [20])), {
    forward: 1,
    backward: 1,
    optimizer: 1,
  });
});
