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

  /** Those in a file, which need not be there. */
  static async open(path: string): Promise<Cells> {
    const { cells, whole } = await read(path);
    if (!whole) await write(path, cells);
    return new Cells(path, new Map(cells.map((cell) => [keyOf(cell), cell])));
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

  /** Takes cells out, as if they had never been measured; those that another program added to the file stay. */
  async forget(which: (cell: Cell) => boolean): Promise<void> {
    const { cells } = await read(this.#path);
    if (!cells.some(which)) return;
    await write(this.#path, cells.filter((cell) => !which(cell)));
    for (const cell of this.all().filter(which)) this.#cells.delete(keyOf(cell));
  }
}

/** The cells in a file; it is not whole where a line was cut off. */
async function read(path: string): Promise<{ cells: Cell[]; whole: boolean }> {
  const text = await Deno.readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  });
  const end = text.lastIndexOf("\n") + 1;
  const lines = text.slice(0, end).split("\n").filter((line) => line !== "");
  return { cells: lines.map((line) => JSON.parse(line)), whole: end === text.length };
}

async function write(path: string, cells: readonly Cell[]): Promise<void> {
  await writeAtomically(path, [new TextEncoder().encode(cells.map(lineOf).join(""))], "grid");
}

/** What tells a cell apart, as text. */
export function keyOf({ size, attack, rate, seed, model }: CellKey): string {
  return JSON.stringify([size, attack, rate, seed, model]);
}

/** The infected model that a cell stands on, as text. */
export function infectedOf({ size, attack, rate, seed }: CellKey): string {
  return JSON.stringify([size, attack, rate, seed]);
}

function lineOf(cell: Cell): string {
  return JSON.stringify(cell) + "\n";
}
