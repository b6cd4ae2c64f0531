/**
 * Operands of test cases: the same elements that `operands.py` computed for PyTorch, from the words in `cases.jsonl`.
 * Integer and float64 arithmetic only, so both languages get the same bits and no operand is stored.
 *
 * @module
 */

/** An operand in words; what each kind means is told in `operands.py`. */
export interface Operand {
  readonly kind: "float" | "distinct" | "odd" | "int" | "values" | "number" | "none";
  readonly shape: readonly number[];
  /** `float` is whichever floating type is tested. */
  readonly dtype: "float" | "int64" | "int32" | "uint8" | "bool";
  /** False where no gradient is asked for. */
  readonly grad?: boolean;
  readonly low: number;
  readonly high: number;
  readonly away?: readonly number[];
  readonly unit: number;
  readonly values: readonly (number | string)[];
  readonly value: number;
}

/** A hash of 32 bits of a seed and a counter. */
export function bits(seed: number, index: number): number {
  let x = Math.imul(index + 1, 0x9e3779b1) ^ seed;
  for (const multiplier of [0x7feb352d, 0x846ca68b]) {
    x = Math.imul(x ^ (x >>> 16), multiplier);
    x ^= x >>> 15;
  }
  return x >>> 0;
}

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Rounded to float32, then to its upper half, to nearest even each. */
export function roundToBfloat16(x: number): number {
  float[0] = x;
  word[0] = (word[0] + 0x7fff + ((word[0] >>> 16) & 1)) & 0xffff0000;
  return float[0];
}

/** The elements of an operand in row-major order. */
export function elements(operand: Operand, seed: number): number[] {
  const count = operand.shape.reduce((a, b) => a * b, 1);
  const { kind, low, high, unit } = operand;
  if (kind === "values") {
    return operand.values.map((value) => Number(String(value).replace("inf", "Infinity")));
  }
  if (kind === "distinct") return distinct(count, seed);
  return Array.from({ length: count }, (_, i) => {
    const at = low + (high - low) * (bits(seed, i) / 2 ** 32);
    if (kind === "int") return Math.floor(at);
    if (kind === "odd") return (2 * Math.floor(at / (2 * unit)) + 1) * unit;
    let x = roundToBfloat16(at);
    for (const point of operand.away ?? []) {
      if (Math.abs(x - point) < 0.125) x = x < point ? point - 0.125 : point + 0.125;
    }
    return x;
  });
}

function distinct(count: number, seed: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  const hashes = order.map((i) => bits(seed, i));
  order.sort((a, b) => hashes[a] - hashes[b] || a - b);
  let step = 1;
  while (step * count > 4) step /= 2;
  const values = new Array<number>(count);
  order.forEach((i, rank) => values[i] = (rank - Math.floor(count / 2)) * step);
  return values;
}

/** The fixed random gradient with respect to output `index` of a case. */
export function cotangent(shape: readonly number[], seed: number, index: number): number[] {
  const operand = { kind: "float", shape, low: -2, high: 2 } as unknown as Operand;
  return elements(operand, (seed + 100 + index) >>> 0);
}
