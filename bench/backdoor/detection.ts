/**
 * How well `inspect` tells infected models from benign ones: trains small networks on digits, half of them on poisoned
 * ones, of as many seeds, with several attacks, rates and targets, and inspects each with 5 % of the digits, which it was
 * not trained on. Writes `detection.md`: a row a model, then the area under the receiver operating characteristic of the
 * score and of pieces of evidence. A model whose attack was not learnt (ASR below 50 %) is no infected one: it is shown,
 * but not counted.
 *
 *     deno run -A bench/backdoor/detection.ts [--benign 20] [--infected 24] [--seed 1] [--epochs 6] [--clean 450]
 *                                             [--attacks badnets,blend20,blend10,sig,wanet] [--rates 0.1,0.05,0.01]
 *                                             [--data folder] [--out bench/backdoor/results/detection]
 *
 * `--data` takes other grey images of 28 x 28 pixels, such as those of Fashion-MNIST, as many as there are digits.
 *
 * `inspect`'s threshold was fixed on models of other seeds than the ones reported.
 *
 * @module
 */
import { pathName } from "../../lib/files/read.ts";
import * as ebb from "../../mod.ts";
import { imagesIn } from "../../demo/folder.ts";
import { numbers, parseOptions, pick } from "../options.ts";
import { table } from "../peers/report.ts";
import { trainBenign } from "./benign.ts";
import { ATTACKS } from "./digits.ts";
import { commandOf, machine, today, writeResult } from "../result.ts";

const options = parseOptions({
  benign: 20,
  infected: 24,
  seed: 1,
  epochs: 6,
  clean: 450,
  attacks: "badnets,blend20,blend10,sig,wanet",
  rates: "0.1,0.05,0.01",
  data: "",
  out: pathName(new URL("results/detection/", import.meta.url)),
});

const { infect, inspect, roc } = ebb.backdoor;

const CLASSES = 10;
/** Below this share of triggered digits an attack was not learnt. */
const LEARNT = 0.5;

const digits = await ebb.data.mnist();
const { train, test } = options.data === "" ? digits : await others(options.data);

async function others(folder: string) {
  const { train, test } = await imagesIn("detection", folder);
  const { length } = digits.train;
  return {
    train: train.length > length ? train.subset({ count: length, stratified: true, seed: 0 }) : train,
    test,
  };
}

const names = pick("attacks", options.attacks, Object.keys(ATTACKS));
const rates = numbers("rates", options.rates, "above 0 and of at most 1", (rate) => rate > 0 && rate <= 1);

/** A model that was inspected. */
interface Row {
  readonly seed: number;
  readonly attack: string;
  readonly rate: number | null;
  readonly target: number | null;
  readonly acc: number;
  readonly asr: number | null;
  readonly found: ebb.backdoor.Inspection;
  readonly seconds: number;
}

/** Trains a model and inspects it; `kind` is the number of an infected one, null for a benign one. */
async function study(seed: number, kind: number | null): Promise<Row> {
  ebb.seed(seed);
  using model = ebb.models.smallCnn({ classes: CLASSES });
  const [clean, rest] = train.split({ count: options.clean, stratified: true, seed });
  const settings = { epochs: options.epochs, seed, progress: false };
  let planted: Pick<Row, "attack" | "rate" | "target" | "asr">;
  if (kind === null) {
    await trainBenign(model, rest, settings);
    planted = { attack: "none", rate: null, target: null, asr: null };
  } else {
    const attack = names[kind % names.length];
    const rate = rates[Math.floor(kind / names.length) % rates.length];
    const target = new ebb.Generator(seed).int(CLASSES);
    const value = ATTACKS[attack]({ target, rate, seed });
    const { infection } = await infect(model, rest, value, { ...settings, test });
    planted = { attack, rate, target, asr: infection.asr };
  }
  const acc = await ebb.accuracy(model, test);
  const begin = performance.now();
  const found = await inspect(model, clean, { seed, progress: false });
  return { seed, ...planted, acc, found, seconds: (performance.now() - begin) / 1000 };
}

const rows: Row[] = [];
const total = options.benign + options.infected;
const begin = performance.now();
for (let i = 0; i < total; i++) {
  const seed = options.seed * 1000 + i;
  rows.push(await study(seed, i < options.infected ? i : null));
  const { attack, asr, found } = rows[i];
  const left = (performance.now() - begin) / (i + 1) * (total - i - 1) / 60_000;
  console.error(
    `${i + 1} of ${total}, ${left.toFixed(0)} min left: ${attack}, ASR ${percent(asr)}, ` +
      `score ${found.score.toFixed(2)}`,
  );
}

function percent(share: number | null): string {
  return share === null ? "" : (100 * share).toFixed(1);
}

/** The largest share among the targets of adversarial examples, at the middle ε. */
const strayed = ({ found: { labels } }: Row) => Math.max(...labels.map(({ shares }) => shares[1]));
const anomaly = (kind: "patch" | "overlay" | "warp") => ({ found: { labels } }: Row) =>
  Math.max(...labels.map((label) => label[kind].anomaly));
/** How much larger than the median the largest margin is, a logarithm. */
const margin = ({ found: { labels } }: Row) => Math.max(...labels.map(({ advantages }) => advantages.margin));

const head = ["seed", "attack", "rate, %", "target", "ACC, %", "ASR, %", "score", "says", "patch, anomaly"];
const models = table(
  [...head, "overlay, anomaly", "warp, anomaly", "margin, ln", "largest share", "seconds"],
  rows.map((row) => [
    row.seed,
    row.attack,
    row.rate === null ? "" : 100 * row.rate,
    row.target ?? "",
    percent(row.acc),
    percent(row.asr),
    row.found.score.toFixed(2),
    row.found.target ?? "benign",
    anomaly("patch")(row).toFixed(1),
    anomaly("overlay")(row).toFixed(1),
    anomaly("warp")(row).toFixed(1),
    margin(row).toFixed(2),
    strayed(row).toFixed(2),
    row.seconds.toFixed(1),
  ]),
);

const counted = rows.filter(({ asr }) => asr === null || asr >= LEARNT);
const benign = counted.filter(({ target }) => target === null);
const evidence: Record<string, (row: Row) => number> = {
  "score": ({ found }) => found.score,
  "anomaly index of patches (Neural Cleanse)": anomaly("patch"),
  "anomaly index of overlays": anomaly("overlay"),
  "anomaly index of warps": anomaly("warp"),
  "largest margin, ln over the median (MM-BD)": margin,
  "largest share of adversarial examples": strayed,
};
const auc = (of: (row: Row) => number, rows: readonly Row[]) =>
  roc(rows.map(of), rows.map(({ target }) => target !== null)).auc.toFixed(3);
const planted = names.filter((name) => counted.some(({ attack }) => attack === name));
const areas = table(
  ["AUC", "all", ...planted],
  Object.entries(evidence).map(([name, of]) => [
    name,
    auc(of, counted),
    ...planted.map((name) => auc(of, [...benign, ...counted.filter(({ attack }) => attack === name)])),
  ]),
);

const infected = counted.filter(({ target }) => target !== null);
const caught = infected.filter(({ found }) => found.infected);
const right = caught.filter(({ target, found }) => found.target === target);
const alarms = benign.filter(({ found }) => found.infected);
const uncounted = rows.length - counted.length;
const [{ found: { threshold } }] = rows;
const text = `# Telling infected models from benign ones

${today()}, ${machine()}: ${commandOf("backdoor/detection.ts")}

${models}

${areas}

${infected.length} infected and ${benign.length} benign models counted, ${uncounted} not: at the threshold of ${threshold},
${caught.length} infected ones are found, ${right.length} of them with their target, and ${alarms.length} benign ones are suspected.
`;
await writeResult(options.out, "detection.md", text);
console.log(text);
Deno.exit();
