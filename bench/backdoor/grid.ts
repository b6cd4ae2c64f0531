/**
 * The grid attacks × rates × seeds × defences. Finished cells are skipped, trained models are kept as checkpoints, and
 * what is random in a cell follows from its seed, so that a grid that was interrupted ends in the figures that it would
 * have ended in.
 *
 * @module
 */
import { join } from "node:path";
import type { Dataset } from "../../lib/data/dataset.ts";
import { measure, type Measured } from "../../lib/backdoor/measure.ts";
import type { ProgressEvent } from "../../lib/notebook/mod.ts";
import * as ebb from "../../mod.ts";
import { BENIGN, trainBenign } from "./benign.ts";
import { type Cell, type CellKey, Cells, infectedOf, keyOf } from "./cells.ts";
import type { Defend, MakeAttack } from "./registry.ts";
import { today } from "../result.ts";
import type { Size } from "./sizes.ts";
import { secondsLeft } from "./time_left.ts";

/** The model before any defence. */
export const INFECTED = "infected";

/** What is to be measured. */
export interface Grid {
  readonly size: Size;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly attacks: Readonly<Record<string, MakeAttack>>;
  readonly defences: Readonly<Record<string, Defend>>;
  /** Shares of poisoned images. */
  readonly rates: readonly number[];
  readonly seeds: readonly number[];
  /** Where cells and checkpoints are kept. */
  readonly folder: string;
  /** Models that are measured again although they are finished. */
  readonly redo?: readonly string[];
  /** Called as often as something happens. */
  readonly onProgress?: (progress: GridProgress) => void;
}

/** How far a grid is. */
export interface GridProgress {
  /** What is being made. */
  readonly cell: CellKey;
  /** Cells that are finished, out of so many. */
  readonly done: number;
  readonly total: number;
  /** An estimate from what finished cells took; undefined before the first. */
  readonly secondsLeft?: number;
  /** What the work itself tells. */
  readonly event?: ProgressEvent;
}

/** The cells of a grid in the order in which they are made. */
export function cellsOf({ size, attacks, defences, rates, seeds }: Grid): CellKey[] {
  const models = [INFECTED, BENIGN, ...Object.keys(defences)];
  return seeds.flatMap((seed) =>
    rates.flatMap((rate) =>
      Object.keys(attacks).flatMap((attack) =>
        models.map((model) => ({ size: size.name, attack, rate, seed, model }))
      )
    )
  );
}

/** What a folder holds of finished cells. */
export function cellsIn(folder: string): Promise<Cells> {
  return Cells.open(join(folder, "cells.jsonl"));
}

/** Makes what is missing of a grid and returns the rows of all its cells. */
export async function runGrid(grid: Grid): Promise<Cell[]> {
  await Deno.mkdir(grid.folder, { recursive: true });
  const cells = await cellsIn(grid.folder);
  const keys = cellsOf(grid);
  const again = new Set(keys.filter(({ model }) => grid.redo?.includes(model)).map(keyOf));
  await cells.forget((cell) => again.has(keyOf(cell)));
  let left = keys.filter((key) => cells.get(key) === undefined);
  let estimate = secondsLeft(left, cells.all());
  while (left.length > 0) {
    const [{ attack, rate, seed }] = left;
    const own = left.filter((key) => key.attack === attack && key.rate === rate && key.seed === seed);
    await makeCells(grid, own, cells, {
      tell: (cell, event) =>
        grid.onProgress?.({
          cell,
          done: keys.length - left.length,
          total: keys.length,
          secondsLeft: estimate,
          event,
        }),
      finish: async (cell) => {
        await cells.add(cell);
        left = left.filter((key) => cells.get(key) === undefined);
        estimate = secondsLeft(left, cells.all());
      },
    });
    left = keys.filter((key) => cells.get(key) === undefined);
  }
  return keys.map((key) => cells.get(key)!);
}

/** Where {@linkcode makeCells} says what it does. */
interface Listener {
  tell(cell: CellKey, event?: ProgressEvent): void;
  finish(cell: Cell): Promise<void>;
}

/** Makes cells of one attack, rate and seed. */
async function makeCells(
  grid: Grid,
  keys: readonly CellKey[],
  cells: Cells,
  { tell, finish }: Listener,
): Promise<void> {
  const { size, test } = grid;
  const [first] = keys;
  const { attack: name, rate, seed } = first;
  const { train: images, clean } = size.split(grid.train, seed);
  const progress = (cell: CellKey) => (event: ProgressEvent) => tell(cell, event);
  let begin = performance.now();
  tell(first);
  using benign = await benignModel(grid, images, seed, progress(first));
  ebb.seed(seed);
  using attack = await grid.attacks[name]({ rate, seed }, { benign, shape: images.fields[0].shape });
  using infected = await infectedModel(grid, images, attack, name, seed, progress(first));
  const before = cells.get({ ...first, model: INFECTED });
  if (before && !sameFigures(before, await measure(infected, test, attack))) {
    // Trained anew, and not the model that the finished cells tell of, as after another version or on another machine.
    await cells.forget((cell) => infectedOf(cell) === infectedOf(first));
    return;
  }
  for (const cell of keys) {
    tell(cell);
    const { model: kind } = cell;
    ebb.seed(seed); // what a cell draws must not depend on which came before it
    const poisoned = () => attack.poison(images);
    const options = { ...size.repair, seed, progress: progress(cell) };
    const made = kind === INFECTED
      ? infected
      : kind === BENIGN
      ? benign
      : await grid.defences[kind]({ model: infected, clean, poisoned }, options);
    let figures: Measured;
    try {
      figures = await measure(made, test, attack);
    } finally {
      if (made !== infected && made !== benign) made.dispose();
    }
    const repaired = kind !== INFECTED && kind !== BENIGN;
    const der = repaired && {
      der: ebb.backdoor.derOf(cells.get({ ...cell, model: INFECTED })!, figures),
    };
    const seconds = Math.round((performance.now() - begin) / 100) / 10;
    await finish({ ...cell, ...figures, ...der, seconds, date: today() });
    begin = performance.now();
  }
}

function sameFigures(a: Measured, b: Measured): boolean {
  return a.acc === b.acc && a.asr === b.asr && a.ra === b.ra;
}

/** A network trained on clean images as infected ones are on poisoned ones, from its checkpoint if there is one. */
async function benignModel(
  { size, folder }: Grid,
  images: Dataset,
  seed: number,
  progress: (event: ProgressEvent) => void,
): Promise<ebb.nn.Module> {
  const path = join(folder, `${size.name}-${BENIGN}-seed${seed}.safetensors`);
  ebb.seed(seed);
  const model = size.network();
  if (await exists(path)) {
    await ebb.loadCheckpoint(path, { model });
    return model.eval();
  }
  await trainBenign(model, images, { ...size.training, seed, progress });
  await ebb.saveCheckpoint(path, { model });
  return model;
}

/** A network with a backdoor, and with it the trigger where that is learnt; from the checkpoint if there is one. */
async function infectedModel(
  { size, folder }: Grid,
  images: Dataset,
  attack: ebb.backdoor.Attack,
  name: string,
  seed: number,
  progress: (event: ProgressEvent) => void,
): Promise<ebb.nn.Module> {
  const path = join(
    folder,
    `${size.name}-${name.replaceAll(" ", "-")}-rate${attack.rate}-seed${seed}.safetensors`,
  );
  ebb.seed(seed);
  const model = size.network();
  if (await exists(path)) {
    await ebb.loadCheckpoint(path, { model, attack });
    return model.eval();
  }
  const epochs = size.epochs?.[attack.name] ?? size.training.epochs;
  await ebb.backdoor.infect(model, images, attack, { ...size.training, epochs, seed, progress });
  await ebb.saveCheckpoint(path, { model, attack });
  return model;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
