/**
 * The grid of `bench/backdoor`: interrupted ones go on, and end in the figures that they would have ended in.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type Cell, Cells } from "../../bench/backdoor/cells.ts";
import { cellsOf, type Grid, runGrid } from "../../bench/backdoor/grid.ts";
import { ATTACKS, DEFENCES, type Defend } from "../../bench/backdoor/registry.ts";
import { leaderboard, markdown, page, summaries } from "../../bench/backdoor/report.ts";
import type { Size } from "../../bench/backdoor/sizes.ts";
import { secondsLeft } from "../../bench/backdoor/time_left.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const digits = await ebb.data.mnist();
const train = digits.train.subset({ count: 300, stratified: true, seed: 1 });
const test = digits.test.subset({ count: 100, stratified: true, seed: 1 });

const tiny: Size = {
  name: "tiny",
  images: () => Promise.resolve({ train, test }),
  split: (train, seed) => {
    const [clean, rest] = train.split({ count: 50, stratified: true, seed });
    return { train: rest, clean };
  },
  network: () => ebb.models.smallCnn({ classes: 10 }),
  training: { epochs: 1, batchSize: 50 },
  repair: { epochs: 1, batchSize: 25 },
};

/** A grid of two attacks, one of which learns its trigger, and two defences, in a folder. */
function gridIn(folder: string, changes: Partial<Grid> = {}): Grid {
  return {
    size: tiny,
    train,
    test,
    attacks: {
      badnets: ATTACKS.badnets,
      inputAware: (options) => ebb.backdoor.inputAware({ ...options, maskEpochs: 1 }),
    },
    defences: { fineTune: DEFENCES.fineTune, clp: DEFENCES.clp },
    rates: [0.2],
    seeds: [1],
    folder,
    ...changes,
  };
}

async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Cells without what no two runs have in common. */
function figures(cells: readonly Cell[]): object[] {
  return cells.map(({ seconds: _, date: _day, ...cell }) => cell);
}

/** A grid's cells, made in one go; once. */
let whole: Promise<Cell[]> | undefined;
function uninterrupted(): Promise<Cell[]> {
  return whole ??= (async () => {
    let cells: Cell[] = [];
    await inFolder(async (folder) => void (cells = await runGrid(gridIn(folder))));
    return cells;
  })();
}

Deno.test("a grid has a row for each attack, rate, seed and model", async () => {
  const cells = await leakFree(uninterrupted);
  assertEquals(cells.map(({ attack, model }) => `${attack} ${model}`), [
    "badnets infected",
    "badnets benign",
    "badnets fineTune",
    "badnets clp",
    "inputAware infected",
    "inputAware benign",
    "inputAware fineTune",
    "inputAware clp",
  ]);
  for (const { der, model, acc, asr, ra, rate, seed, size, seconds } of cells) {
    assertEquals([der === undefined, rate, seed, size], [
      model === "infected" || model === "benign",
      0.2,
      1,
      "tiny",
    ]);
    assert([acc, asr, ra].every((share) => share >= 0 && share <= 1) && seconds >= 0);
  }
  const [infected, , tuned] = cells;
  assertAlmostEquals(tuned.der!, ebb.backdoor.derOf(infected, tuned));
});

Deno.test("an interrupted grid goes on where it was, and ends in the same figures", () =>
  inFolder(async (folder) => {
    let calls = 0;
    const breaks: Defend = (needs, options) => {
      if (++calls === 2) throw new Error("interrupted");
      return DEFENCES.clp(needs, options);
    };
    const defences = { fineTune: DEFENCES.fineTune, clp: breaks };
    // The second attack's last cell is interrupted, and what was being written is cut off.
    await leakFree(() => assertRejects(() => runGrid(gridIn(folder, { defences })), Error, "interrupted"));
    const path = `${folder}/cells.jsonl`;
    assertEquals((await Deno.readTextFile(path)).split("\n").length, 8);
    await Deno.writeTextFile(path, '{"size":"tiny","attack":"inputAware","ra', { append: true });

    const tasks = new Set<string>();
    const done: number[] = [];
    const onProgress: Grid["onProgress"] = (progress) => {
      done.push(progress.done);
      if (progress.event) tasks.add(progress.event.task);
    };
    const cells = await leakFree(() => runGrid(gridIn(folder, { defences, onProgress })));
    assertEquals(figures(cells), figures(await uninterrupted()));
    // Only the last cell was made, of models and a trigger that were kept.
    assertEquals([[...tasks], Math.min(...done)], [[], 7]);

    // Nothing is left to do.
    const again = await runGrid(gridIn(folder, { defences, onProgress: () => assert(false) }));
    assertEquals(again, cells);
  }));

Deno.test("another defence is added without training infected models again, and one is run again when asked", () =>
  inFolder(async (folder) => {
    const attacks = { badnets: ATTACKS.badnets };
    const first = await runGrid(gridIn(folder, { attacks, defences: {} }));
    assertEquals(first.map(({ model }) => model), ["infected", "benign"]);

    const tasks = new Set<string>();
    const onProgress: Grid["onProgress"] = ({ event }) => event && tasks.add(event.task);
    const more = gridIn(folder, { attacks, onProgress });
    const cells = await runGrid(more);
    assertEquals(figures(cells), figures((await uninterrupted()).slice(0, 4)));
    assertEquals([...tasks], ["fineTune"]);

    const made: string[] = [];
    const again = await runGrid({ ...more, redo: ["clp"], onProgress: ({ cell }) => made.push(cell.model) });
    assertEquals([figures(again), [...new Set(made)]], [figures(cells), ["clp"]]);
  }));

Deno.test("where an infected model is trained anew to other figures, all that stood on the old one is measured again", () =>
  inFolder(async (folder) => {
    const attacks = { badnets: ATTACKS.badnets };
    const grid = gridIn(folder, { attacks });
    const cells = await runGrid(grid);
    const path = `${folder}/cells.jsonl`;
    const lines = (await Deno.readTextFile(path)).trimEnd().split("\n");
    const edited = (change: Partial<Cell>, line: string) =>
      JSON.stringify({ ...JSON.parse(line), ...change });
    // The infected row of a model that is not there, and one defence missing.
    await Deno.writeTextFile(path, [edited({ acc: 0.5 }, lines[0]), ...lines.slice(1, 3), ""].join("\n"));
    const made = new Set<string>();
    const again = await runGrid({ ...grid, onProgress: ({ cell }) => made.add(cell.model) });
    assertEquals([figures(again), [...made]], [figures(cells), ["clp", "infected", "benign", "fineTune"]]);
    assertEquals(figures((await Cells.open(path)).all()), figures(cells));

    // Trained anew to the same figures, it is the same model.
    await Deno.remove(`${folder}/tiny-badnets-rate0.2-seed1.safetensors`);
    await Deno.writeTextFile(path, lines.slice(0, 3).join("\n") + "\n");
    made.clear();
    await runGrid({ ...grid, onProgress: ({ cell }) => made.add(cell.model) });
    assertEquals([...made], ["clp"]);
  }));

Deno.test("a defence is run again for the cells of the grid, and not for others in the folder", () =>
  inFolder(async (folder) => {
    const attacks = { badnets: ATTACKS.badnets };
    const grid = gridIn(folder, { attacks, defences: { clp: DEFENCES.clp } });
    await runGrid(grid);
    const path = `${folder}/cells.jsonl`;
    const others = invented();
    const cells = await Cells.open(path);
    for (const cell of others) await cells.add({ ...cell, model: "clp" });
    const made: string[] = [];
    await runGrid({ ...grid, redo: ["clp"], onProgress: ({ cell }) => made.push(cell.model) });
    assertEquals(new Set(made), new Set(["clp"]));
    assert((await Cells.open(path)).get({ ...others[0], model: "clp" }));
  }));

Deno.test("cells that another program added stay when some are forgotten", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cells.jsonl`;
    const [first, second, third] = invented();
    const mine = await Cells.open(path);
    await mine.add(first);
    await mine.add(second);
    await (await Cells.open(path)).add(third);
    await mine.forget(({ model }) => model === first.model);
    assertEquals([mine.all(), (await Cells.open(path)).all()], [[second], [second, third]]);
  }));

Deno.test("cells of other sizes in the file are left alone", () =>
  inFolder(async (folder) => {
    const path = `${folder}/cells.jsonl`;
    const cell = {
      size: "other",
      attack: "badnets",
      rate: 0.1,
      seed: 1,
      model: "aft",
      acc: 1,
      asr: 0,
      ra: 1,
      seconds: 3,
      date: "2026-11-26",
    };
    await (await Cells.open(path)).add(cell);
    const cells = await Cells.open(path);
    assertEquals(cells.all(), [cell]);
    assertEquals(cells.get({ ...cell, size: "tiny" }), undefined);
  }));

Deno.test("the order of cells is seed by seed, so that the first figures of all come early", () => {
  const grid = gridIn("", {
    rates: [0.1, 0.01],
    seeds: [1, 2],
    attacks: { badnets: ATTACKS.badnets },
    defences: {},
  });
  assertEquals(cellsOf(grid).map(({ seed, rate, model }) => `${seed} ${rate} ${model}`), [
    "1 0.1 infected",
    "1 0.1 benign",
    "1 0.01 infected",
    "1 0.01 benign",
    "2 0.1 infected",
    "2 0.1 benign",
    "2 0.01 infected",
    "2 0.01 benign",
  ]);
});

Deno.test("the time left is by what the same model took, under the same attack if it had that", () => {
  const done = [
    { model: "aft", attack: "badnets", seconds: 10 },
    { model: "aft", attack: "blend", seconds: 30 },
    { model: "clp", attack: "blend", seconds: 2 },
  ];
  const left = (model: string, attack: string) => secondsLeft([{ model, attack }], done);
  assertEquals([left("aft", "blend"), left("aft", "sig"), left("nad", "sig")], [30, 20, 14]);
  assertEquals(secondsLeft([{ model: "aft", attack: "sig" }, { model: "clp", attack: "blend" }], done), 22);
  assertEquals(secondsLeft([], done), 0);
  assertEquals(secondsLeft([{ model: "aft", attack: "sig" }], []), undefined);
});

/** Cells of two attacks and two seeds. */
function invented(): Cell[] {
  const cell = (
    attack: string,
    seed: number,
    model: string,
    acc: number,
    asr: number,
    der?: number,
  ): Cell => ({
    size: "tiny",
    attack,
    rate: 0.1,
    seed,
    model,
    acc,
    asr,
    ra: 1 - asr,
    ...(der !== undefined && { der }),
    seconds: 1,
    date: `2026-11-2${seed}`,
  });
  return [1, 2].flatMap((seed) =>
    ["badnets", "blend"].flatMap((attack) => [
      cell(attack, seed, "infected", 0.9, 1),
      cell(attack, seed, "benign", 0.92, 0.01),
      cell(attack, seed, "weak", 0.9, 0.8, 0.6),
      cell(attack, seed, "<good>", attack === "blend" ? 0.88 : 0.9, 0.1 * seed, 0.9),
    ])
  );
}

Deno.test("the leaderboard has means over attacks and deviations over seeds, the best defence first", () => {
  const board = leaderboard(invented());
  assertEquals(board.map(({ model, seeds }) => `${model} ${seeds}`), [
    "infected 2",
    "<good> 2",
    "weak 2",
    "benign 2",
  ]);
  const good = board[1];
  assertAlmostEquals(good.acc, 0.89);
  assertAlmostEquals(good.asr, 0.15);
  assertAlmostEquals(good.asrStd!, 0.1 / Math.SQRT2);
  assertAlmostEquals(good.accStd!, 0);
  assertAlmostEquals(good.lost, 0.01);
  assertAlmostEquals(good.worst, 0.15);
  assertEquals([good.attacks, summaries(invented()).length], [2, 8]);
  assertEquals(summaries(invented()).slice(0, 4).map(({ attack, model }) => `${attack} ${model}`), [
    "badnets infected",
    "badnets <good>",
    "badnets weak",
    "badnets benign",
  ]);
});

Deno.test("accuracy is lost against the models that a defence repaired, where it was not run on all of them", () => {
  const cells = invented().filter(({ attack, model }) => attack === "blend" || model !== "<good>");
  const good = leaderboard(cells).find(({ model }) => model === "<good>")!;
  assertAlmostEquals(good.lost, 0.02);
  assertEquals([good.attacks, good.seeds], [1, 2]);
});

Deno.test("the report has the tables and the charts", () => {
  const run = { size: "tiny", command: "deno run", machine: "2 processors" };
  const text = markdown(invented(), run);
  assert(
    text.includes(
      "| 10 % | <good> | 89.0 ± 0.0 | 15.0 ± 7.1 | 85.0 ± 7.1 | 90.0 ± 0.0 | 1.0 | 15.0 | 2 | 2 |",
    ),
    text,
  );
  assert(text.includes("2026-11-21 to 2026-11-22, 2 processors: deno run."), text);
  assert(
    text.includes("| 10 % | benign | 92.0 ± 0.0 | 1.0 ± 0.0 | 99.0 ± 0.0 | – | – | 1.0 | 2 | 2 |"),
    text,
  );
  assert(text.includes("| 10 % | blend | infected | 90.0 ± 0.0 | 100.0 ± 0.0 |"), text);
  const html = page(invented(), run);
  assertEquals([html.split("<svg").length - 1, html.includes("<good>"), html.includes("&lt;good&gt;")], [
    2,
    false,
    true,
  ]);
});

Deno.test("every attack of the registry takes rate and seed", async () => {
  ebb.seed(1);
  using benign = ebb.models.smallCnn({ classes: 10 });
  for (const [name, make] of Object.entries(ATTACKS)) {
    if (name === "trojanNN") continue; // makes its trigger at once, in a thousand steps
    using attack = await make({ rate: 0.05, seed: 3 }, { benign, shape: [1, 28, 28] });
    assertEquals([attack.rate, attack.seed, attack.target], [0.05, 3, 0]);
  }
});
