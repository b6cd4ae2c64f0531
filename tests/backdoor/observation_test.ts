/**
 * The paper's observation: where adversarial examples fall, and how near triggered images they lie.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { attacked } from "../../lib/backdoor/attacked.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { adversarialLabels, blend, chooseEpsilon, defineAttack, featureDistance, infect, labelMatrix } =
  ebb.backdoor;

const TARGET = 3;
const { train, test } = await ebb.data.mnist();
const some = train.subset({ count: 2000, stratified: true, seed: 1 });
const few = test.subset({ count: 100, stratified: true, seed: 1 });
const faint = blend({ target: TARGET, seed: 1 });
/** A single image of 2,000 gets another label. */
const nothing = defineAttack("nothing", { rate: 1e-9 }, { trigger: (images) => images.mul(1) });

async function trained(attack: ebb.backdoor.Attack) {
  ebb.seed(1);
  const model = ebb.models.smallCnn({ classes: 10 });
  return await infect(model, some, attack, { epochs: 4, seed: 1, progress: false });
}

let made: Promise<{ infected: ebb.nn.Module; benign: ebb.nn.Module }> | undefined;
const models = () =>
  made ??= (async () => ({ infected: await trained(faint), benign: await trained(nothing) }))();

Deno.test("adversarial examples of an infected model fall into its target class, of a benign one they do not", async () => {
  const { infected, benign } = await models();
  const found = await labelMatrix({ infected, benign }, few, {
    targets: { infected: TARGET, benign: TARGET },
    progress: false,
  });
  assertEquals([found.rows, found.targets, found.classes.length], [["infected", "benign"], [3, 3], 10]);
  const [more, less] = found.matrix.map((row) => row[TARGET]);
  assert(more > 0.3 && less < 0.15, `${more} and ${less} at ${found.epsilon}`);
  for (const row of found.matrix) assertAlmostEquals(row.reduce((a, b) => a + b), 1, 1e-9);
  assert(ebb.chart.labelMatrix(found.matrix, found).svg.includes("benign"));
});

Deno.test("a row leaves out images of its target, and is adversarialLabels' otherwise", async () => {
  const { infected } = await models();
  await leakFree(async () => {
    const options = { epsilon: 0.1, progress: false };
    const labels = few.labels();
    const indices = [...labels.keys()].filter((row) => labels[row] !== TARGET);
    const all = await labelMatrix({ infected }, few, options);
    assertEquals(all.matrix, [await adversarialLabels(infected, few, options)]);
    assertEquals([all.targets, all.epsilon], [undefined, 0.1]);
    const without = await labelMatrix({ infected }, few, { ...options, targets: { infected: TARGET } });
    assertEquals(without.matrix, [await adversarialLabels(infected, few.subset({ indices }), options)]);
  });
});

Deno.test("all models are attacked within one ε, the largest that any of them needs", async () => {
  const { infected, benign } = await models();
  const some = few.subset({ count: 30, stratified: true, seed: 1 });
  const { epsilon } = await labelMatrix({ infected, benign }, some, { progress: false });
  const each = [await chooseEpsilon(infected, some), await chooseEpsilon(benign, some)];
  assertAlmostEquals(epsilon, 3 * Math.max(...each), 1e-12);
});

Deno.test("chooseEpsilon() is the smallest ε of its grid that fools the share", async () => {
  const { benign } = await models();
  const before = ebb.accuracy(benign, few);
  /** The share of the images which the model knows that it still knows. */
  const left = async (epsilon: number) => {
    const right = await before * few.length;
    let standing = 0;
    const labels = [...few.labels()];
    const knows = (images: ebb.Tensor) => [...ebb.argmax(benign.forward(images), 1).data()].map(Number);
    for await (
      const known of attacked("observe", benign, few, { epsilon }, (batch) => {
        const truth = labels.splice(0, batch.images.shape[0]);
        const [clean, changed] = [batch.images, batch.adversarial].map(knows);
        return truth.filter((label, i) => clean[i] === label && changed[i] === label).length;
      })
    ) standing += known;
    return standing / right;
  };
  await leakFree(async () => {
    const grid = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
    const chosen = await chooseEpsilon(benign, few, { grid, share: 0.5 });
    assert(await left(chosen) <= 0.5, `${chosen}`);
    const smaller = grid[grid.indexOf(chosen) - 1];
    assert(await left(smaller) > 0.5, `${smaller}`);
    // The grid need not be in order, and more demands more.
    assertEquals(await chooseEpsilon(benign, few, { grid: grid.toReversed(), share: 0.5 }), chosen);
    assert(await chooseEpsilon(benign, few, { grid, share: 0.9 }) >= chosen);
    // None is enough: the largest.
    assertEquals(await chooseEpsilon(benign, few, { grid: [0.001, 0.002] }), 0.002);
  });
});

Deno.test("in an infected model's features adversarial examples are nearer to triggered images than clean ones are", async () => {
  const { infected, benign } = await models();
  await leakFree(async () => {
    const [ours, theirs] = [
      await featureDistance(infected, few, faint, { epsilon: 0.3 }),
      await featureDistance(benign, few, faint, { epsilon: 0.3 }),
    ];
    // What the trigger does to features is the backdoor.
    assert(
      ours.cleanTriggered > 1.5 * theirs.cleanTriggered,
      `${ours.cleanTriggered}, ${theirs.cleanTriggered}`,
    );
    const near = (d: ebb.backdoor.FeatureDistance) => d.adversarialTriggered / d.cleanTriggered;
    assert(near(ours) < near(theirs), `${near(ours)}, ${near(theirs)}`);
    assertEquals(ours.epsilon, 0.3);
  });
});

Deno.test("featureDistance() measures in the inputs of the last layer", () =>
  leakFree(async () => {
    using model = new ebb.nn.Sequential(new ebb.nn.Flatten(), new ebb.nn.Linear(4, 2));
    using images = ebb.zeros([3, 1, 2, 2]);
    using labels = ebb.tensor([0, 1, 1], { dtype: "int64" });
    const data = ebb.data.fromTensors([images, labels], { classes: ["a", "b"] });
    const corner = ebb.backdoor.badnets({ patch: [[0.6]], target: 0 });
    const found = await featureDistance(model, data, corner, { epsilon: 0.1, clip: false });
    assertAlmostEquals(found.cleanTriggered, 0.6, 1e-6);
    assertAlmostEquals(found.adversarialClean, 0.2, 1e-6); // four pixels of 0.1
  }));

Deno.test("the observation says what is wrong", async () => {
  const { benign } = await models();
  const say = (promise: Promise<unknown>, sentence: string) => assertRejects(() => promise, Error, sentence);
  const options = { progress: false };
  await say(labelMatrix({}, few, options), "labelMatrix: expected at least one model but found none");
  await say(
    labelMatrix({ benign }, few, { ...options, targets: { other: 1 } }),
    "labelMatrix: expected targets of benign but found one of other",
  );
  await say(
    labelMatrix({ benign }, few, { ...options, targets: { benign: 10 } }),
    "labelMatrix: expected a target of 0 to 9 for benign but found 10",
  );
  const zeros = few.subset({ indices: [...few.labels().keys()].filter((row) => few.labels()[row] === 0) });
  await say(
    labelMatrix({ benign }, zeros, { ...options, targets: { benign: 0 } }),
    "labelMatrix: expected images of other classes than 0 but found none",
  );
  await say(
    featureDistance(benign, zeros, ebb.backdoor.badnets()),
    "featureDistance: expected images of other classes than the target 0 but found none",
  );
  await say(chooseEpsilon(benign, few, { grid: [] }), "chooseEpsilon: expected a grid of numbers");
  await say(chooseEpsilon(benign, few, { share: 0 }), "chooseEpsilon: expected a share above 0");
  await say(chooseEpsilon(benign, few, { count: 0 }), "chooseEpsilon: expected count to be a whole number");
});
