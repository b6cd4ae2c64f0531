/**
 * A data set: rows of one or more fields, such as an image and its label, that are turned into a batch's element types
 * when a batch is asked for. The interface is what a loader needs; the class keeps columns in host memory.
 *
 * @module
 */
import type { DType } from "../tensor/dtype.ts";
import { showShape, sizeOf } from "../tensor/shape.ts";
import { allocateRows, type Column, columnDtype, gatherRows, type HostData } from "./column.ts";
import { checkRows, chooseRows, otherRows, type SubsetOptions } from "./split.ts";

/** One of the values that a row consists of. */
export interface Field {
  /** Such as `images`. */
  readonly name: string;
  /** The shape in one row, such as `[1, 28, 28]`; `[]` for a single number. */
  readonly shape: readonly number[];
  /** The element type in a batch. */
  readonly dtype: DType;
}

/** A tensor's contents in host memory. */
export interface HostTensor {
  /** The elements, row-major. */
  readonly data: HostData;
  /** The shape. */
  readonly shape: readonly number[];
  /** The element type. */
  readonly dtype: DType;
}

/** Rows to learn from or to be tested on. */
export interface Dataset {
  /** The number of rows. */
  readonly length: number;
  /** What a row consists of, in the order in which a batch has it. */
  readonly fields: readonly Field[];
  /** The names of the classes that the labels number, where they are known. */
  readonly classes?: readonly string[];
  /**
   * The given rows as a batch, one array a field, `[indices.length, ...shape]` each.
   *
   * @param into memory to write to, one array a field and at least as long as needed; by default new
   */
  gather(indices: ArrayLike<number>, into?: readonly HostData[]): HostTensor[];
  /** Row `index` without a batch axis; negative numbers count from the end. */
  at(index: number): HostTensor[];
  /** The class number of every row. */
  labels(): Int32Array;
  /** A part of the rows, without copying them. */
  subset(options: SubsetOptions): Dataset;
  /** A part of the rows, and the rest of them. */
  split(options: SubsetOptions): [Dataset, Dataset];
}

/**
 * A data set over columns in host memory. Subsets share the columns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const labels = { kind: "labels", name: "labels", shape: [], length: 3, labels: Uint8Array.of(2, 0, 1) } as const;
 * const data = new ebb.data.ColumnDataset([labels]);
 * assertEquals(data.gather([0, 2])[0].data, BigInt64Array.of(2n, 1n));
 * ```
 */
export class ColumnDataset implements Dataset {
  /** The number of rows. */
  readonly length: number;
  /** What a row consists of, in the order in which a batch has it. */
  readonly fields: readonly Field[];
  /** The names of the classes that the labels number, where they are known. */
  readonly classes?: readonly string[];
  /** Where the rows lie. */
  readonly columns: readonly Column[];
  readonly #rows: Uint32Array | null;

  /**
   * Makes a data set of all the columns' rows, or of those that `rows` names.
   *
   * @throws {RangeError} when the columns differ in length.
   */
  constructor(columns: readonly Column[], options: { classes?: readonly string[]; rows?: Uint32Array } = {}) {
    const lengths = new Set(columns.map((column) => column.length));
    if (lengths.size !== 1) {
      const found = columns.map((column) => `${column.name}: ${column.length}`).join(", ") || "no column";
      throw new RangeError(`Dataset: expected columns of one length but found ${found}`);
    }
    this.columns = columns;
    this.fields = columns.map((column) => ({
      name: column.name,
      shape: column.shape,
      dtype: columnDtype(column),
    }));
    this.classes = options.classes;
    this.#rows = options.rows ?? null;
    this.length = this.#rows?.length ?? columns[0].length;
  }

  /**
   * The given rows as a batch, one array a field, `[indices.length, ...shape]` each; images in [0, 1].
   *
   * @param into memory to write to, one array a field and at least as long as needed; by default new
   * @throws {RangeError} when a row is not there, or `into` is too small.
   */
  gather(indices: ArrayLike<number>, into?: readonly HostData[]): HostTensor[] {
    const rows = this.rows(indices);
    return this.columns.map((column, i) => {
      const { shape, dtype } = this.fields[i];
      const needed = rows.length * sizeOf(column.shape);
      const out = into === undefined ? allocateRows(column, rows.length) : into[i];
      if (!(out?.length >= needed)) {
        throw new RangeError(
          `gather: expected ${needed} elements of memory for "${column.name}" but found ${
            out?.length ?? "none"
          }`,
        );
      }
      const data = out.length === needed ? out : out.subarray(0, needed);
      gatherRows(column, rows, data);
      return { data, shape: [rows.length, ...shape], dtype };
    });
  }

  /** Row `index` without a batch axis; negative numbers count from the end. */
  at(index: number): HostTensor[] {
    const row = this.gather([index < 0 ? this.length + index : index]);
    return row.map(({ data, shape, dtype }) => ({ data, shape: shape.slice(1), dtype }));
  }

  /**
   * The class number of every row.
   *
   * @throws {TypeError} when no field is one whole number a row.
   */
  labels(): Int32Array {
    const field = this.fields.findIndex(({ shape, dtype }) => shape.length === 0 && /^(u?int)/.test(dtype));
    if (field < 0) {
      throw new TypeError(`labels: expected a field of one whole number a row but found ${this}`);
    }
    const column = this.columns[field];
    const all = allocateRows(column, column.length);
    gatherRows(column, Uint32Array.from({ length: column.length }, (_, row) => row), all);
    const rows = this.rows(Uint32Array.from({ length: this.length }, (_, index) => index));
    return Int32Array.from(rows, (row) => Number(all[row]));
  }

  /**
   * A part of the rows, without copying them.
   *
   * @throws {RangeError} when the options contradict each other or ask for rows that are not there.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import * as ebb from "@ebb/ebb";
   *
   * using x = ebb.rand([100, 3]);
   * assertEquals(ebb.data.fromTensors([x]).subset({ share: 0.05, seed: 3 }).length, 5);
   * ```
   */
  subset(options: SubsetOptions): ColumnDataset {
    return this.#part(chooseRows(this.length, options, () => this.labels()));
  }

  /** A part of the rows, and the rest of them in their order: such as a tenth to choose on, the others to learn from. */
  split(options: SubsetOptions): [ColumnDataset, ColumnDataset] {
    const chosen = chooseRows(this.length, options, () => this.labels());
    return [this.#part(chosen), this.#part(otherRows(this.length, chosen))];
  }

  /** Where in the columns the given rows of this data set lie. */
  rows(indices: ArrayLike<number>): Uint32Array {
    const rows = checkRows("gather", indices, this.length);
    return this.#rows === null ? rows : rows.map((row) => this.#rows![row]);
  }

  /** The number of rows, and each field with its type and shape. */
  toString(): string {
    const fields = this.fields.map(({ name, shape, dtype }) => `${name} ${dtype} ${showShape(shape)}`);
    return `Dataset(${this.length} × ${fields.join(", ")})`;
  }

  /** What Deno shows of it. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  #part(rows: Uint32Array): ColumnDataset {
    return new ColumnDataset(this.columns, { classes: this.classes, rows: this.rows(rows) });
  }
}
