/**
 * Data frames and series as tables in a notebook. The method is put onto danfo's own class, so that what is computed of a
 * frame shows itself, too.
 *
 * @module
 */
import { DataFrame } from "npm:danfojs-node@1.1.2";
import { counted } from "../chart/words.ts";
import { DISPLAY, escaped } from "../notebook/mod.ts";

/** Rows and columns of larger tables are cut: so many are shown of either end. */
const [ROWS, COLUMNS] = [10, 10];
/** Digits of a number that is not whole. */
const DIGITS = 5;

/** What danfo's classes have in common. */
interface Table {
  readonly values: unknown[] | unknown[][];
  readonly columns: string[];
  readonly index: (string | number)[];
  readonly dtypes: string[];
  readonly $isSeries: boolean;
}

Object.defineProperty(common(DataFrame.prototype), DISPLAY, {
  value(this: Table) {
    return { "text/html": tableOf(this), "text/plain": String(this) };
  },
  configurable: true,
});

/** The class that frames and series alike are of; danfo has several of each. */
function common(prototype: object): object {
  const above = Object.getPrototypeOf(prototype);
  return above === Object.prototype ? prototype : common(above);
}

function tableOf(table: Table): string {
  const { columns, index, dtypes, $isSeries } = table;
  const rows = $isSeries ? table.values.map((value) => [value]) : table.values as unknown[][];
  const down = shown(rows.length, ROWS);
  const across = shown(columns.length, COLUMNS);
  const cells = (kind: string, of: (column: number) => string, gap: string) =>
    across.map((column) => column < 0 ? `<${kind}>${gap}</${kind}>` : of(column)).join("");
  const head = cells(
    "th",
    (column) => `<th title="${escaped(dtypes[column] ?? "")}">${escaped(String(columns[column]))}</th>`,
    "…",
  );
  const body = down.map((row) =>
    row < 0
      ? `<tr><th>…</th>${cells("td", () => "<td>…</td>", "…")}</tr>`
      : `<tr><th>${escaped(String(index[row]))}</th>${
        cells("td", (column) => cellOf(rows[row][column]), "…")
      }</tr>`
  );
  const size = `${counted(rows.length, "row")} × ${counted(columns.length, "column")}`;
  return `<div style="overflow:auto"><table><thead><tr><th></th>${head}</tr></thead><tbody>${
    body.join("")
  }</tbody></table>` +
    `<p>${size}</p></div>`;
}

/** Indices along a side; -1 stands for those left out. */
function shown(length: number, edge: number): number[] {
  if (length <= 2 * edge) return [...Array(length).keys()];
  return [...Array(edge).keys(), -1, ...Array.from({ length: edge }, (_, i) => length - edge + i)];
}

function cellOf(value: unknown): string {
  if (typeof value !== "number") return `<td style="text-align:left">${escaped(String(value ?? ""))}</td>`;
  const text = Number.isNaN(value)
    ? ""
    : Number.isInteger(value)
    ? String(value)
    : String(Number(value.toPrecision(DIGITS)));
  return `<td style="text-align:right">${text}</td>`;
}
