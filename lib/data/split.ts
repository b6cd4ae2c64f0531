/**
 * Which rows a subset takes: a share or a number of them, drawn by a seeded generator, each class in proportion if
 * wished; or the ones that are named.
 *
 * @module
 */
import { defaultGenerator, Generator } from "../tensor/random.ts";

/** Which rows to take; exactly one of `share`, `count` and `indices`. */
export interface SubsetOptions {
  /** The share of all rows, in (0, 1]. */
  readonly share?: number;
  /** The number of rows. */
  readonly count?: number;
  /** The rows themselves, in the order in which the subset shall have them. */
  readonly indices?: ArrayLike<number>;
  /** Take the same share of every class, as far as whole numbers allow; default: no. */
  readonly stratified?: boolean;
  /** Decides which rows are drawn; by default the library's generator does (`ebb.seed`). */
  readonly seed?: number;
}

/**
 * The rows that `options` choose out of `length`: drawn ones in ascending order, named ones as they stand.
 *
 * @param labels gives the class of each row; asked only for a stratified choice
 * @throws {RangeError} when the options contradict each other or ask for rows that are not there.
 */
export function chooseRows(length: number, options: SubsetOptions, labels: () => Int32Array): Uint32Array {
  const { share, count, indices, stratified = false, seed } = options;
  const given = [share, count, indices].filter((option) => option !== undefined).length;
  if (given !== 1) {
    throw new RangeError(`subset: expected one of share, count and indices but found ${given} of them`);
  }
  if (indices !== undefined) return checkRows("subset", indices, length);
  if (share !== undefined && !(share > 0 && share <= 1)) {
    throw new RangeError(`subset: expected a share above 0 and of at most 1 but found ${share}`);
  }
  const wanted = count ?? Math.round(share! * length);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > length) {
    throw new RangeError(`subset: expected a count of 1 to ${length} but found ${wanted}`);
  }
  const generator = seed === undefined ? defaultGenerator() : new Generator(seed);
  const groups = stratified ? rowsOfClasses(labels()) : [Uint32Array.from({ length }, (_, row) => row)];
  const sizes = shareOut(wanted, groups.map((rows) => rows.length));
  const chosen = groups.flatMap((rows, group) => {
    generator.shuffle(rows);
    return [...rows.subarray(0, sizes[group])];
  });
  return Uint32Array.from(chosen).sort();
}

/** The rows of `length` that are not among `rows`, in ascending order. */
export function otherRows(length: number, rows: Uint32Array): Uint32Array {
  const taken = new Uint8Array(length);
  for (const row of rows) taken[row] = 1;
  return Uint32Array.from({ length }, (_, row) => row).filter((row) => taken[row] === 0);
}

/** Row numbers as they are kept, each within a data set of `length` rows; `caller` names who wants them in errors. */
export function checkRows(caller: string, indices: ArrayLike<number>, length: number): Uint32Array {
  const rows = Uint32Array.from(indices);
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] !== indices[i] || rows[i] >= length) {
      throw new RangeError(`${caller}: expected indices of 0 to ${length - 1} but found ${indices[i]}`);
    }
  }
  return rows;
}

/** The rows of each class that is there, by class number. */
export function rowsOfClasses(labels: Int32Array): Uint32Array[] {
  const classes = new Map<number, number[]>();
  labels.forEach((label, row) => {
    const rows = classes.get(label);
    if (rows === undefined) classes.set(label, [row]);
    else rows.push(row);
  });
  return [...classes].sort(([a], [b]) => a - b).map(([, rows]) => Uint32Array.from(rows));
}

/** Whole parts of `count` in proportion to `sizes`; what is over goes to the largest remainders. */
function shareOut(count: number, sizes: number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => size * count / total);
  const parts = exact.map(Math.floor);
  const missing = count - parts.reduce((sum, part) => sum + part, 0);
  const byRemainder = exact.map((_, i) => i).sort((a, b) =>
    exact[b] - parts[b] - (exact[a] - parts[a]) || a - b
  );
  for (const i of byRemainder.slice(0, missing)) parts[i]++;
  return parts;
}
