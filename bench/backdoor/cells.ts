/**
 * The cells of a grid that are finished, as lines of JSON in a file: each is appended when it is done, so that whatever
 * ends the program, finished cells stay.
 *
 * @module
 */
import { writeAtomically } from "../../lib/files/atomic.ts";
import type { EvaluationRow } from "../../lib/backdoor/evaluate.ts";

/** A cell: a model under an attack, measured. */
export interface Cell extends EvaluationRow {
  readonly rate: number;
  readonly seed: number;
  /** The grid's size. */
  readonly size: string;
  /** How long it took to make and to measure the model. */
  readonly seconds: number;
  /** When it was measured, such as "2026-11-27". */
  readonly date: string;
}

/** What tells cells apart. */
export type CellKey = Pick<Cell, "size" | "attack" | "rate" | "seed" | "model">;

/** Finished cells. */
export class Cells {
  readonly #path: string;
  readonly #cells: Map<string, Cell>;

  private constructor(path: string, cells: Map<string, Cell>) {
    this.#path = path;
    this.#cells = cells;
  }

  /** Those in a file, which need not be there. Models named in `forget` count as not measured and leave the file. */
  static async open(path: string, forget: readonly string[] = []): Promise<Cells> {
    const text = await Deno.readTextFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    // What follows the last line end is a line that was cut off.
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line !== "");
    const cells = lines.map((line) => JSON.parse(line) as Cell).filter(({ model }) =>
      !forget.includes(model)
    );
    const opened = new Cells(path, new Map(cells.map((cell) => [keyOf(cell), cell])));
    const whole = cells.map(lineOf).join("");
    if (whole !== text) await writeAtomically(path, [new TextEncoder().encode(whole)], "grid");
    return opened;
  }

  /** All of them, in the order in which they were finished. */
  all(): Cell[] {
    return [...this.#cells.values()];
  }

  /** A finished cell. */
  get(key: CellKey): Cell | undefined {
    return this.#cells.get(keyOf(key));
  }

  /** Adds a cell; when this returns it is in the file. */
  async add(cell: Cell): Promise<void> {
    using file = await Deno.open(this.#path, { append: true, create: true });
    const bytes = new TextEncoder().encode(lineOf(cell));
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    await file.syncData();
    this.#cells.set(keyOf(cell), cell);
  }
}

function keyOf({ size, attack, rate, seed, model }: CellKey): string {
  return JSON.stringify([size, attack, rate, seed, model]);
}

function lineOf(cell: Cell): string {
  return JSON.stringify(cell) + "\n";
}
