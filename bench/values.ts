/**
 * The numbers that the cases start from: a counter is hashed, so any language can make the same ones bit by bit
 * (`peers/torch_side.py` does in PyTorch).
 *
 * @module
 */

/** The finaliser of MurmurHash3: spreads a 32-bit counter over all 32-bit numbers. */
function hash(counter: number): number {
  let h = counter;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** `n` numbers from [-scale, scale), rounded to float32 once. */
export function uniform(seed: number, n: number, scale = 1): Float32Array<ArrayBuffer> {
  const first = Math.imul(seed, 0x9e3779b9);
  return Float32Array.from({ length: n }, (_, i) => (hash(first + i | 0) / 2 ** 32 * 2 - 1) * scale);
}

/** `n` labels of ten classes. */
export function labels(n: number): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from({ length: n }, (_, i) => BigInt(i * 7 % 10));
}
