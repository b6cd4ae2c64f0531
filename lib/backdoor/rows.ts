/**
 * Rows of figures in files, as JSON or as comma-separated values, by the file's name.
 *
 * @module
 */
import { extname } from "node:path";
import { writeAtomically } from "../files/atomic.ts";
import { pathName, readFile } from "../files/read.ts";
import { type CsvValue, formatCsv, parseCsv } from "./csv.ts";
import type { EvaluationRow } from "./evaluate.ts";

/**
 * Writes rows to a file, such as those of {@linkcode evaluate} and {@linkcode summarise}. A crash while writing leaves
 * the file that was there before.
 *
 * @param path ends in `.json` or in `.csv`
 * @param rows text and finite numbers by name
 * @throws {Error} when the name ends otherwise, a row has another value, or the file cannot be written: a sentence.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const rows = [{ model: "infected", attack: "badnets", acc: 0.98, asr: 1, ra: 0 }];
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await ebb.backdoor.saveRows(path, rows);
 * assertEquals(await Deno.readTextFile(path), "model,attack,acc,asr,ra\ninfected,badnets,0.98,1,0\n");
 * assertEquals(await ebb.backdoor.loadRows(path), rows);
 * await Deno.remove(path);
 * ```
 */
export async function saveRows(path: string | URL, rows: readonly object[]): Promise<void> {
  const kind = kindOf("saveRows", path);
  for (const [i, row] of rows.entries()) {
    for (const [name, value] of Object.entries(row)) {
      if (value === undefined || typeof value === "string" || Number.isFinite(value)) continue;
      throw new TypeError(`saveRows: expected text or a number as ${name} of row ${i} but found ${value}`);
    }
  }
  const text = kind === ".csv"
    ? formatCsv(rows as readonly Record<string, CsvValue>[])
    : `[${rows.map((row) => `\n  ${JSON.stringify(row)}`).join(",")}\n]\n`;
  await writeAtomically(path, [new TextEncoder().encode(text)], "saveRows");
}

/**
 * Reads the rows of a file that {@linkcode saveRows} wrote.
 *
 * @param path ends in `.json` or in `.csv`
 * @typeParam Row what the file's rows are; not checked
 * @throws {Error} when the name ends otherwise, or the file is missing or has no rows of that kind: a sentence with its
 * path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".json" });
 * await ebb.backdoor.saveRows(path, [{ model: "infected", attack: "badnets", acc: 0.98, asr: 1, ra: 0 }]);
 * const [{ model, asr }] = await ebb.backdoor.loadRows(path);
 * assertEquals([model, asr], ["infected", 1]);
 * await Deno.remove(path);
 * ```
 */
export async function loadRows<Row extends object = EvaluationRow>(path: string | URL): Promise<Row[]> {
  const kind = kindOf("loadRows", path);
  const text = new TextDecoder().decode(await readFile("loadRows", path));
  const caller = `loadRows: ${pathName(path)}`;
  if (kind === ".csv") return parseCsv(text, caller) as Row[];
  const isRow = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
  try {
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows) && rows.every(isRow)) return rows;
  } catch (error) {
    throw new Error(`${caller}: expected JSON but found: ${(error as Error).message}`, { cause: error });
  }
  throw new Error(`${caller}: expected a list of rows but found other JSON`);
}

function kindOf(op: string, path: string | URL): ".json" | ".csv" {
  const kind = extname(pathName(path));
  if (kind === ".json" || kind === ".csv") return kind;
  throw new Error(`${op}: expected a name that ends in .json or .csv but found ${pathName(path)}`);
}
