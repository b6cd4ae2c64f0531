/**
 * Rows of text and numbers as comma-separated values (RFC 4180). A number stands bare; text that would read as a number
 * stands in quotes, so that what is read is what was written.
 *
 * @module
 */

/** A value of a table; one that is not there leaves its place empty. */
export type CsvValue = string | number | undefined;

/** A bare cell that is a number. */
const NUMBER = /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i;
/** A cell with the comma, the line's end or the text's end behind it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** Rows under a line of all their names, in the order in which these first come. */
export function formatCsv(rows: readonly Readonly<Record<string, CsvValue>>[]): string {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const line = (cells: readonly CsvValue[]) => cells.map(cellOf).join(",") + "\n";
  return [line(names), ...rows.map((row) => line(names.map((name) => row[name])))].join("");
}

/**
 * The rows of a text whose first line has their names.
 *
 * @param caller who reads, for the errors
 * @throws {Error} when a quote is left open, or a row has more or fewer cells than there are names.
 */
export function parseCsv(text: string, caller: string): Record<string, string | number>[] {
  const [names, ...rows] = linesOf(text, caller);
  return rows.map((cells, i) => {
    if (cells.length !== names.length) {
      throw new Error(
        `${caller}: expected ${names.length} cells in row ${i + 1} but found ${cells.length}`,
      );
    }
    return Object.fromEntries(
      cells.flatMap((cell, column) => cell === undefined ? [] : [[String(names[column]), cell]]),
    );
  });
}

function linesOf(text: string, caller: string): CsvValue[][] {
  const lines: CsvValue[][] = [];
  let cells: CsvValue[] = [];
  const cell = new RegExp(CELL);
  while (cell.lastIndex < text.length) {
    const begin = cell.lastIndex;
    const match = cell.exec(text);
    if (match === null) {
      const found = JSON.stringify(text.slice(begin, begin + 20));
      throw new Error(`${caller}: expected a cell of line ${lines.length + 1} but found ${found}`);
    }
    const [, quoted, bare, end] = match;
    cells.push(quoted === undefined ? valueOf(bare) : quoted.replaceAll('""', '"'));
    if (end === ",") {
      if (cell.lastIndex === text.length) cells.push(undefined);
      else continue;
    }
    lines.push(cells);
    cells = [];
  }
  return lines;
}

function valueOf(bare: string): CsvValue {
  if (bare === "") return undefined;
  return NUMBER.test(bare) ? Number(bare) : bare;
}

function cellOf(value: CsvValue): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const bare = value !== "" && !NUMBER.test(value) && !/[",\r\n]/.test(value);
  return bare ? value : `"${value.replaceAll('"', '""')}"`;
}
