/**
 * Data frames from rows and columns, and back.
 *
 * @module
 */
import * as danfo from "npm:danfojs-node@1.1.2";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import "./display.ts";

/** A data frame of danfo.js, with all its methods. */
export type Frame = InstanceType<(typeof danfo)["DataFrame"]>;
/** What a cell of a table holds. */
export type Cell = string | number | boolean | null | undefined;
/** A row by names of columns, such as those of `ebb.backdoor.evaluate`. */
export type Row = Readonly<Record<string, unknown>>;
/** Columns by name. */
export type Columns = Readonly<Record<string, ArrayLike<Cell | bigint>>>;

/**
 * A data frame of rows, such as measurements are kept in, or of columns. Columns are those of all rows together, in the
 * order in which they come; what a row does not have is missing there.
 *
 * @throws {TypeError | RangeError} when there is no row or no column, a value is none that a table can hold, or columns are of
 * several lengths.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frame } from "@ebb/ebb/frames";
 *
 * const wide = frame({ epoch: [1, 2], loss: Float32Array.of(0.5, 0.25) });
 * assertEquals(wide.shape, [2, 2]);
 * ```
 */
export function frame(data: readonly Row[] | Columns): Frame {
  const isRows = Array.isArray(data);
  const rows: readonly Row[] = isRows ? data : [];
  const names = isRows ? [...new Set(rows.flatMap((row) => Object.keys(row)))] : Object.keys(data);
  if (names.length === 0) {
    throw new RangeError("frame: expected at least one row with a column but found none");
  }
  const columns = names.map((name) =>
    isRows ? rows.map((row) => row[name]) : Array.from((data as Columns)[name])
  );
  const [{ length }] = columns;
  const values = columns.map((column, i) => {
    if (column.length !== length) {
      throw new RangeError(
        `frame: expected columns of one length but found ${length} of "${
          names[0]
        }" and ${column.length} of "${names[i]}"`,
      );
    }
    return column.map((value, row) => cellOf(value, names[i], row));
  });
  // Of rows danfo takes the columns of the first alone.
  return new danfo.DataFrame(Array.from({ length }, (_, row) => values.map((column) => column[row])), {
    columns: names,
  });
}

function cellOf(value: unknown, column: string, row: number): Cell {
  if (value === null || value === undefined) return NaN;
  if (typeof value === "bigint") return Number(value);
  if (["string", "number", "boolean"].includes(typeof value)) return value as Cell;
  throw new TypeError(
    `frame: expected a text, number or boolean but found ${
      Deno.inspect(value, { depth: 0 })
    } in row ${row} of "${column}"`,
  );
}

/**
 * The rows of a data frame, such as charts take them; missing values are null.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frame, rowsOf } from "@ebb/ebb/frames";
 *
 * const rows = [{ a: 1, b: "x" }, { a: 2, b: "y" }];
 * assertEquals(rowsOf(frame(rows)), rows);
 * ```
 */
export function rowsOf(data: Frame): Record<string, Cell>[] {
  const names = data.columns;
  return (data.values as Cell[][]).map((row) =>
    Object.fromEntries(names.map((name, i) => [name, Number.isNaN(row[i]) ? null : row[i]]))
  );
}

/**
 * Columns of a data frame as a tensor `[rows, columns]`, float32; missing values are NaN.
 *
 * @param columns names; default: all
 * @throws {TypeError | RangeError} when there is no such column, or one is not of numbers or booleans.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frame, tensorOf } from "@ebb/ebb/frames";
 *
 * using x = tensorOf(frame({ a: [1, 2], b: ["x", "y"], c: [3, 4] }), ["a", "c"]);
 * assertEquals(x.toArray(), [[1, 3], [2, 4]]);
 * ```
 */
export function tensorOf(data: Frame, columns: readonly string[] = data.columns): Tensor {
  const places = columns.map((name) => {
    const place = data.columns.indexOf(name);
    if (place >= 0) return place;
    throw new RangeError(
      `tensorOf: expected one of the columns ${data.columns.join(", ")} but found "${name}"`,
    );
  });
  const rows = (data.values as Cell[][]).map((row) =>
    places.map((place, i) => {
      const value = row[place];
      if (typeof value !== "string") return Number(value ?? NaN);
      throw new TypeError(`tensorOf: expected numbers in "${columns[i]}" but found the text "${value}"`);
    })
  );
  return tensor(rows, { dtype: "float32" });
}
