/**
 * The observation that adversarial fine-tuning stands on (arXiv:2202.06312, Section 3): on digits, for each attack ten
 * infected models, one for each target class, and a benign one of the same training. Draws the paper's matrix of predicted
 * labels for each attack, and tells the target's share among untargeted adversarial examples and how near in features these
 * are to triggered images.
 *
 *     deno run -A bench/backdoor/observation.ts [--attacks badnets,blend10,blend20,sig] [--epsilon 0.1] [--seed 1]
 *                                               [--epochs 6] [--out bench/backdoor/results/observation]
 *
 * Writes `observation.md` and a picture of each matrix there.
 *
 * @module
 */
import { pathName } from "../../lib/files/read.ts";
import * as ebb from "../../mod.ts";
import { parseOptions, pick } from "../options.ts";
import { table } from "../peers/report.ts";
import { BENIGN, trainBenign } from "./benign.ts";
import { ATTACKS } from "./digits.ts";
import { commandOf, machine, today, writeResult } from "../result.ts";

const options = parseOptions({
  attacks: "badnets,blend10,blend20,sig",
  epsilon: 0.1,
  seed: 1,
  epochs: 6,
  out: pathName(new URL("results/observation/", import.meta.url)),
});

const { backdoor } = ebb;
const TARGETS = Array.from({ length: 10 }, (_, target) => target);

const { train, test } = await ebb.data.mnist();
const { epochs, seed, epsilon } = options;
const settings = { epochs, seed, progress: false };

ebb.seed(seed);
using benign = ebb.models.smallCnn({ classes: TARGETS.length });
await trainBenign(benign, train, settings);
const attacked = { epsilon, progress: false };
/** The share of each class among the benign model's answers, without images of that class. */
const shares: number[] = [];
for (const target of TARGETS) {
  const targets = { [BENIGN]: target };
  const { matrix } = await backdoor.labelMatrix({ [BENIGN]: benign }, test, { ...attacked, targets });
  shares.push(matrix[0][target]);
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const round = (value: number) => value.toFixed(2);
const rows: string[][] = [];

for (const name of pick("attacks", options.attacks, Object.keys(ATTACKS))) {
  using models = new DisposableStack();
  const named: Record<string, ebb.nn.Module> = {};
  const distances: ebb.backdoor.FeatureDistance[][] = [];
  for (const target of TARGETS) {
    ebb.seed(seed);
    const model = models.use(ebb.models.smallCnn({ classes: TARGETS.length }));
    using attack = ATTACKS[name]({ target, seed });
    const { infection } = await backdoor.infect(model, train, attack, settings);
    console.error(`${name} towards ${target}: ACC ${round(infection.acc)}, ASR ${round(infection.asr)}`);
    named[`towards ${target}`] = model;
    distances.push([
      await backdoor.featureDistance(model, test, attack, { epsilon }),
      await backdoor.featureDistance(benign, test, attack, { epsilon }),
    ]);
  }
  const targets = Object.fromEntries(Object.keys(named).map((row, target) => [row, target]));
  const found = await backdoor.labelMatrix({ ...named, [BENIGN]: benign }, test, { ...attacked, targets });
  const diagonal = TARGETS.map((target) => found.matrix[target][target]);
  const near = (which: number) =>
    mean(distances.map((pair) => pair[which].adversarialTriggered / pair[which].cleanTriggered));
  rows.push([
    name,
    `${round(mean(diagonal))} (${round(Math.min(...diagonal))}–${round(Math.max(...diagonal))})`,
    `${round(mean(shares))} (${round(Math.min(...shares))}–${round(Math.max(...shares))})`,
    round(near(0)),
    round(near(1)),
  ]);
  const subtitle = `${name}, untargeted adversarial examples within ε = ${epsilon}`;
  await writeResult(
    options.out,
    `${name}.svg`,
    ebb.chart.labelMatrix(found.matrix, { ...found, subtitle }).svg,
  );
}

const text = `# The paper's observation on digits

${today()}, ${machine()}: ${
  commandOf("backdoor/observation.ts")
}. ${TARGETS.length} infected models an attack, one for each
target, and a benign one, trained for ${epochs} epochs, seed ${seed}; ${test.length} test images, PGD within ε = ${epsilon}.

Share: of untargeted adversarial examples of images of other classes, those taken for the target; mean and range over
targets. Feature distance: from the adversarial example to the image with the trigger, over that from the clean image to
it; below 1 the example is nearer.

${
  table(
    [
      "attack",
      "share, infected",
      "share, benign",
      "feature distance, infected",
      "feature distance, benign",
    ],
    rows,
  )
}
`;
await writeResult(options.out, "observation.md", text);
console.log(text);
Deno.exit();
