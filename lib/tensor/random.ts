/**
 * The seeded generator behind every random number of the library: xoshiro128++ (Blackman and Vigna, 2021) in
 * plain 32-bit arithmetic, its state spread from a seed by a splitmix finaliser. Normal numbers come from the
 * ziggurat of Marsaglia and Tsang (2000), with the layer and the value taken from different bits. The same seed
 * gives the same numbers on every machine. Not for cryptography.
 *
 * @module
 */

const LAYERS = 128;
/** Where the base layer of the ziggurat ends and the tail begins. */
const TAIL = 3.442619855899;
/** The area of each layer. */
const AREA = 9.91256303526217e-3;
/** A layer's value is drawn with 24 bits, sign included. */
const HALF = 2 ** 23;

/** A value whose magnitude is below `inside[layer]` lies under the curve without a closer look. */
const inside = new Float64Array(LAYERS);
const width = new Float64Array(LAYERS);
const height = new Float64Array(LAYERS);
{
  const density = (x: number) => Math.exp(-0.5 * x * x);
  const base = AREA / density(TAIL);
  inside[0] = (TAIL / base) * HALF;
  width[0] = base / HALF;
  height[0] = 1; // the top of the curve, above layer 1
  let outer = TAIL;
  for (let layer = LAYERS - 1; layer >= 1; layer--) {
    const inner = layer === 1 ? 0 : Math.sqrt(-2 * Math.log(AREA / outer + density(outer)));
    inside[layer] = (inner / outer) * HALF;
    width[layer] = outer / HALF;
    height[layer] = density(outer);
    outer = inner;
  }
}

/** Mixes 32 bits so that every bit of the result depends on every bit of `x`. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}

function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`seed: expected a whole number but found ${seed}`);
  }
}

/**
 * A stream of random numbers that a seed determines.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * assertEquals(new ebb.Generator(7).uint32(), new ebb.Generator(7).uint32());
 * ```
 */
export class Generator {
  readonly #state = new Uint32Array(4);

  /**
   * Starts the stream that a seed and, if given, further numbers name.
   *
   * @param seed A whole number.
   * @param stream Further whole numbers that name an independent stream of that seed, such as an epoch.
   * @throws {RangeError} If one of them is not a safe integer.
   */
  constructor(seed: number, ...stream: number[]) {
    this.reseed(seed, ...stream);
  }

  /** A generator that goes on where the one that gave `state` stood. */
  static from(state: readonly number[]): Generator {
    const generator = new Generator(0);
    generator.restore(state);
    return generator;
  }

  /** Starts again as `new Generator(seed, ...stream)` would. */
  reseed(seed: number, ...stream: number[]): void {
    const words: number[] = [];
    for (const part of [seed, ...stream]) {
      checkSeed(part);
      words.push(part | 0, Math.floor(part / 2 ** 32) | 0);
    }
    // Four chains of their own over the same words: streams of one seed do not meet.
    for (let lane = 0; lane < 4; lane++) {
      let hash = Math.imul(lane + 1, 0x9e3779b9);
      for (const word of words) hash = mix((hash + 0x9e3779b9) ^ word);
      this.#state[lane] = mix(hash + 0x9e3779b9);
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** The state as four numbers, from which {@linkcode Generator.from} goes on bit-identically. */
  state(): number[] {
    return [...this.#state];
  }

  /**
   * Goes on from a state that {@linkcode Generator.state} gave.
   *
   * @throws {RangeError} If it is not four 32-bit words of which one is not zero.
   */
  restore(state: readonly number[]): void {
    const words = state.length === 4 && state.every((word) => word >>> 0 === word);
    if (!words || state.every((word) => word === 0)) {
      throw new RangeError(
        `Generator: expected a state of four 32-bit words but found [${state.join(", ")}]`,
      );
    }
    this.#state.set(state);
  }

  /** A whole number of [0, 2³²). */
  uint32(): number {
    const s = this.#state;
    const a = s[0], b = s[1], c = s[2] ^ a, d = s[3] ^ b;
    const sum = (a + s[3]) | 0;
    const result = ((sum << 7) | (sum >>> 25)) + a;
    s[0] = a ^ d;
    s[1] = b ^ c;
    s[2] = c ^ (b << 9);
    s[3] = (d << 11) | (d >>> 21);
    return result >>> 0;
  }

  /** A number of [0, 1) with 53 random bits. */
  float(): number {
    const high = this.uint32() >>> 5;
    return (high * 2 ** 26 + (this.uint32() >>> 6)) * 2 ** -53;
  }

  /**
   * A whole number of [0, `n`), each as likely as the others to one part in 2²¹ or better.
   *
   * @throws {RangeError} If `n` is not a whole number of 1 to 2³².
   */
  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) {
      throw new RangeError(`Generator.int: expected a whole number of 1 to 2^32 but found ${n}`);
    }
    return Math.floor(this.float() * n);
  }

  /** A number of the normal distribution with mean 0 and variance 1. */
  normal(): number {
    for (;;) {
      const word = this.uint32() | 0;
      const layer = word & (LAYERS - 1);
      const value = word >> 8;
      const x = value * width[layer];
      if (Math.abs(value) < inside[layer]) return x;
      if (layer === 0) return this.#tail(value < 0);
      const low = height[layer];
      const high = height[layer - 1];
      if (low + this.float() * (high - low) < Math.exp(-0.5 * x * x)) return x;
    }
  }

  /** Brings the items into an order of which each is as likely as the others (Fisher and Yates). */
  shuffle(items: Uint32Array): void {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.int(last + 1);
      const item = items[last];
      items[last] = items[other];
      items[other] = item;
    }
  }

  /** Fills with numbers of [`low`, `high`), 24 random bits each. */
  fillUniform(out: Float32Array | Float64Array, low = 0, high = 1): void {
    const step = (high - low) * 2 ** -24;
    for (let i = 0; i < out.length; i++) out[i] = low + (this.uint32() >>> 8) * step;
  }

  /** Fills with numbers of the normal distribution. */
  fillNormal(out: Float32Array | Float64Array, mean = 0, deviation = 1): void {
    for (let i = 0; i < out.length; i++) out[i] = mean + deviation * this.normal();
  }

  /**
   * Fills with ones, each with chance `p`, and zeros. The same numbers as comparing {@linkcode Generator.uint32} with
   * `p · 2³²`, with the state in local variables, which is faster.
   *
   * @throws {RangeError} If `p` is not from 0 to 1.
   */
  fillBernoulli(out: Uint8Array, p: number): void {
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(`Generator.fillBernoulli: expected a chance from 0 to 1 but found ${p}`);
    }
    const limit = p * 2 ** 32;
    const s = this.#state;
    let a = s[0] | 0, b = s[1] | 0, c = s[2] | 0, d = s[3] | 0;
    for (let i = 0; i < out.length; i++) {
      const sum = (a + d) | 0;
      out[i] = ((((sum << 7) | (sum >>> 25)) + a) >>> 0) < limit ? 1 : 0;
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = (d << 11) | (d >>> 21);
    }
    this.#state.set([a, b, c, d]);
  }

  #tail(negative: boolean): number {
    for (;;) {
      const x = -Math.log(1 - this.float()) / TAIL;
      const y = -Math.log(1 - this.float());
      if (y + y >= x * x) return negative ? -TAIL - x : TAIL + x;
    }
  }
}

// Not seeded by the user, a program draws other numbers each time that it runs.
const shared: Generator = new Generator(crypto.getRandomValues(new Uint32Array(1))[0]);

/**
 * The generator that everything draws from which was given no generator or seed of its own.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * ebb.seed(7);
 * const state = ebb.defaultGenerator().state();
 * using x = ebb.rand([3]);
 * ebb.defaultGenerator().restore(state);
 * using again = ebb.rand([3]);
 * assertEquals(again.toArray(), x.toArray());
 * ```
 */
export function defaultGenerator(): Generator {
  return shared;
}

/**
 * Makes every later random number of the program depend on `seed` alone.
 *
 * @param seed A whole number.
 * @throws {RangeError} If `seed` is not a safe integer.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * ebb.seed(1);
 * const first = ebb.defaultGenerator().float();
 * ebb.seed(1);
 * assertEquals(ebb.defaultGenerator().float(), first);
 * ```
 */
export function seed(seed: number): void {
  shared.reseed(seed);
}
