/**
 * Rows over seeds, and rows in files.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";

const { loadRows, saveRows, summarise } = ebb.backdoor;

function row(model: string, seed: number, asr: number, more: Partial<ebb.backdoor.EvaluationRow> = {}) {
  return { model, attack: "badnets", rate: 0.1, seed, acc: 0.9, asr, ra: 0.5, ...more };
}

Deno.test("summarise() is mean and sample deviation of each attack, rate and model, in the order of the rows", () => {
  const rows = [
    row("infected", 1, 1),
    row("aft", 1, 0.01, { der: 0.9 }),
    row("infected", 2, 0.9),
    row("aft", 2, 0.02, { der: 0.8 }),
    row("aft", 3, 0.06, { der: 0.7 }),
    row("aft", 1, 0.5, { rate: 0.01 }),
    row("aft", 1, 0.4, { attack: "blend" }),
  ];
  const found = summarise(rows);
  assertEquals(found.map(({ attack, rate, model, seeds }) => [attack, rate, model, seeds]), [
    ["badnets", 0.1, "infected", 2],
    ["badnets", 0.1, "aft", 3],
    ["badnets", 0.01, "aft", 1],
    ["blend", 0.1, "aft", 1],
  ]);
  const [infected, aft, single] = found;
  assertAlmostEquals(infected.asr, 0.95);
  assertAlmostEquals(infected.asrStd!, 0.1 / Math.SQRT2);
  assertEquals([infected.der, infected.derStd, infected.accStd], [undefined, undefined, 0]);
  assertAlmostEquals(aft.asr, 0.03);
  assertAlmostEquals(aft.asrStd!, Math.sqrt((0.02 ** 2 + 0.01 ** 2 + 0.03 ** 2) / 2));
  assertAlmostEquals(aft.der!, 0.8);
  assertAlmostEquals(aft.derStd!, 0.1);
  // A single seed has no deviation.
  assertEquals(single, {
    attack: "badnets",
    rate: 0.01,
    model: "aft",
    seeds: 1,
    acc: 0.9,
    asr: 0.5,
    ra: 0.5,
  });
});

Deno.test("summarise() refuses no rows, and a seed that comes twice", () => {
  assertThrows(() => summarise([]), RangeError, "summarise: expected rows but found none");
  assertThrows(
    () => summarise([row("aft", 1, 0), row("aft", 1, 0.1)]),
    RangeError,
    "summarise: expected one row of seed 1 for aft under badnets but found another",
  );
});

async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const AWKWARD = [
  { model: 'a "quoted" name, with a comma', attack: "007", acc: 0.1 + 0.2, asr: 5e-324, ra: -0.5, seed: 12 },
  { model: "two\nlines\r\n", attack: "", acc: 1, asr: 0, ra: 1 / 3, der: 1e21 },
  { model: "ünï – 字", attack: " spaces ", acc: 0, asr: 0, ra: 0, note: "NaN" },
];

for (const kind of ["csv", "json"]) {
  Deno.test(`rows come back from a .${kind} file as they were, text and numbers alike`, () =>
    inFolder(async (folder) => {
      const path = `${folder}/rows.${kind}`;
      await saveRows(path, AWKWARD);
      assertEquals(await loadRows<object>(path), AWKWARD);
      await saveRows(new URL(`file://${path}`), []);
      assertEquals(await loadRows(path), []);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [`rows.${kind}`]);
    }));
}

Deno.test("summaries with and without deviations stand in one table", () =>
  inFolder(async (folder) => {
    const rows = summarise([row("infected", 1, 1), row("aft", 1, 0.25, { der: 0.5 })]);
    await saveRows(`${folder}/rows.csv`, rows);
    assertEquals(
      await Deno.readTextFile(`${folder}/rows.csv`),
      "attack,rate,model,seeds,acc,asr,ra,der\n" +
        "badnets,0.1,infected,1,0.9,1,0.5,\nbadnets,0.1,aft,1,0.9,0.25,0.5,0.5\n",
    );
    assertEquals(await loadRows<ebb.backdoor.SummaryRow>(`${folder}/rows.csv`), rows);
  }));

Deno.test("a table that another program wrote is read too: line ends of Windows, no last line end", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/rows.csv`, 'model,"acc",asr\r\nm,1,\r\n"n",,5e-1');
    assertEquals(await loadRows<object>(`${folder}/rows.csv`), [{ model: "m", acc: 1 }, {
      model: "n",
      asr: 0.5,
    }]);
    await Deno.writeTextFile(`${folder}/rows.csv`, "model,acc\nm,");
    assertEquals(await loadRows<object>(`${folder}/rows.csv`), [{ model: "m" }]);
  }));

Deno.test("saveRows() and loadRows() say what is wrong", () =>
  inFolder(async (folder) => {
    const say = (promise: Promise<unknown>, sentence: string) =>
      assertRejects(() => promise, Error, sentence);
    await say(
      saveRows(`${folder}/rows.txt`, []),
      "saveRows: expected a name that ends in .json or .csv but found",
    );
    await say(loadRows(`${folder}/rows`), "loadRows: expected a name that ends in .json or .csv but found");
    await say(
      loadRows(`${folder}/none.csv`),
      `loadRows: expected a file at ${folder}/none.csv but found none`,
    );
    await say(
      saveRows(`${folder}/rows.json`, [{ acc: 1 }, { acc: NaN }]),
      "saveRows: expected text or a number as acc of row 1 but found NaN",
    );
    const write = (name: string, text: string) => Deno.writeTextFile(`${folder}/${name}`, text);
    await write("cells.csv", "a,b\n1\n");
    await say(loadRows(`${folder}/cells.csv`), "expected 2 cells in row 1 but found 1");
    await write("quote.csv", 'a\n"open\n');
    await say(loadRows(`${folder}/quote.csv`), "expected a cell of line 2 but found");
    await write("text.json", "rows");
    await say(loadRows(`${folder}/text.json`), "expected JSON but found");
    await write("other.json", "[1]");
    await say(loadRows(`${folder}/other.json`), "expected a list of rows but found other JSON");
  }));
