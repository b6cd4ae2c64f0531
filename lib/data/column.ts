/**
 * What a data set holds, as plain data: bytes of images, labels, a text's tokens, rows of any type. Kept as small as the
 * source had it and turned into a batch's element type only when a batch is put together. Plain data in shared memory
 * can be handed to a worker, which then runs these very functions.
 *
 * @module
 */
import type { DType } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";

/** Host elements of a batch, in ordinary or in shared memory. */
export type HostData =
  | Float32Array
  | Float16Array
  | Float64Array
  | Uint16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array;

/** What every column has. */
export interface ColumnBase {
  /** What the column is called, such as `images`. */
  readonly name: string;
  /** The shape of one row, without the batch axis. */
  readonly shape: readonly number[];
  /** The number of rows. */
  readonly length: number;
}

/** Images of one byte a value; float32 in a batch. */
export interface BytesColumn extends ColumnBase {
  /** Tells columns apart. */
  readonly kind: "bytes";
  /** Row after row. */
  readonly bytes: Uint8Array;
  /** What each of the 256 bytes stands for. */
  readonly values: Float32Array;
}

/** One class number a row; int64 in a batch. */
export interface LabelsColumn extends ColumnBase {
  /** Tells columns apart. */
  readonly kind: "labels";
  /** A number a row. */
  readonly labels: Uint8Array | Int32Array;
}

/** Overlapping windows over one sequence; int64 in a batch. */
export interface WindowsColumn extends ColumnBase {
  /** Tells columns apart. */
  readonly kind: "windows";
  /** The sequence. */
  readonly tokens: Uint16Array | Int32Array;
  /** From the beginning of one row to that of the next. */
  readonly stride: number;
  /** Where row 0 begins. */
  readonly shift: number;
}

/** Rows that already are what a batch needs. */
export interface RowsColumn extends ColumnBase {
  /** Tells columns apart. */
  readonly kind: "rows";
  /** The element type, which the array does not always tell. */
  readonly dtype: DType;
  /** Row after row. */
  readonly rows: HostData;
}

/** Another column with some of its rows replaced. */
export interface ReplacedColumn extends ColumnBase {
  /** Tells columns apart. */
  readonly kind: "replaced";
  /** Where all other rows come from. */
  readonly base: Column;
  /** For each row its place among `rows`, or -1. */
  readonly places: Int32Array;
  /** The new rows, as they are in a batch. */
  readonly rows: HostData;
}

/** A column of a data set. */
export type Column = BytesColumn | LabelsColumn | WindowsColumn | RowsColumn | ReplacedColumn;

/** The table by which bytes 0 to 255 become 0 to 1. */
export const UNIT_VALUES: Float32Array = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** Bytes in shared memory, which a worker reads in place. */
export function sharedBytes(length: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(length));
}

/** The element type of a column's batches. */
export function columnDtype(column: Column): DType {
  if (column.kind === "bytes") return "float32";
  if (column.kind === "replaced") return columnDtype(column.base);
  return column.kind === "rows" ? column.dtype : "int64";
}

/** Memory for `count` rows of a column's batches; `shared` if a worker is to write them. */
export function allocateRows(column: Column, count: number, shared = false): HostData {
  const length = count * sizeOf(column.shape);
  const type = arrayType(column);
  const bytes = length * type.BYTES_PER_ELEMENT;
  return new type(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

/** Writes the given rows of a column into `out`, one after the other. */
export function gatherRows(column: Column, rows: ArrayLike<number>, out: HostData): void {
  switch (column.kind) {
    case "bytes":
      return gatherBytes(column, rows, out as Float32Array);
    case "labels":
      return gatherLabels(column, rows, out as BigInt64Array);
    case "windows":
      return gatherWindows(column, rows, out as BigInt64Array);
    case "rows":
      return copyRows(column, rows, out);
    case "replaced": {
      gatherRows(column.base, rows, out);
      return copyRows(column, Int32Array.from(rows, (row) => column.places[row]), out);
    }
  }
}

/** Copies the given rows one after the other; leaves out those below 0. */
function copyRows(
  { rows: all, shape }: RowsColumn | ReplacedColumn,
  rows: ArrayLike<number>,
  out: HostData,
): void {
  const size = sizeOf(shape);
  // The two are of one type: the column's own rows decided that of `out`.
  const [from, to] = [all as Float32Array, out as Float32Array];
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] >= 0) to.set(from.subarray(rows[i] * size, (rows[i] + 1) * size), i * size);
  }
}

type HostDataType = { new (buffer: ArrayBufferLike): HostData; readonly BYTES_PER_ELEMENT: number };

function arrayType(column: Column): HostDataType {
  if (column.kind === "bytes") return Float32Array;
  if (column.kind === "replaced") return arrayType(column.base);
  return column.kind === "rows" ? column.rows.constructor as HostDataType : BigInt64Array;
}

function gatherBytes(
  { bytes, values, shape }: BytesColumn,
  rows: ArrayLike<number>,
  out: Float32Array,
): void {
  const size = sizeOf(shape);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    const end = (rows[i] + 1) * size;
    for (let from = end - size; from < end; from++) out[to++] = values[bytes[from]];
  }
}

/** The two halves of each int64: a bigint an element would be an object an element. */
function words(out: BigInt64Array): Int32Array {
  return new Int32Array(out.buffer, out.byteOffset, out.length * 2);
}

function gatherLabels({ labels }: LabelsColumn, rows: ArrayLike<number>, out: BigInt64Array): void {
  const halves = words(out);
  for (let i = 0; i < rows.length; i++) {
    halves[2 * i] = labels[rows[i]];
    halves[2 * i + 1] = labels[rows[i]] >> 31;
  }
}

function gatherWindows(column: WindowsColumn, rows: ArrayLike<number>, out: BigInt64Array): void {
  const { tokens, stride, shift, shape: [size] } = column;
  const halves = words(out);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    const begin = rows[i] * stride + shift;
    for (let from = begin; from < begin + size; from++, to += 2) {
      halves[to] = tokens[from];
      halves[to + 1] = 0;
    }
  }
}
