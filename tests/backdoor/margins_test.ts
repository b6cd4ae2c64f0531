/**
 * How sure of each label a model can be made.
 *
 * @module
 */
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { valuesOf } from "./fixture.ts";

const { blend, infect, maximumMargins } = ebb.backdoor;
const quiet = { progress: false } as const;

Deno.test("maximumMargins() of a linear model are what its weights allow", () =>
  leakFree(async () => {
    using model = new ebb.nn.Sequential(new ebb.nn.Flatten(), new ebb.nn.Linear(2, 3, { bias: false }));
    const [weight] = model.parameters();
    using values = ebb.tensor([[3, 0], [0, 2], [-1, -1]]);
    ebb.noGrad(() => weight.copy_(values));
    // Pictures of [0, 1]²: (1, 0) for the first label, (0, 1) for the second; the third is at best as large as the others.
    const margins = await maximumMargins(model, 3, [1, 1, 2], { ...quiet, steps: 400, lr: 0.3 });
    [3, 2, 0].forEach((expected, label) => assertAlmostEquals(margins[label], expected, 0.05));
  }));

Deno.test("maximumMargins() stand out for the label of a backdoor that covers the image, and change nothing", async () => {
  ebb.seed(3);
  const { train } = await ebb.data.mnist();
  const some = train.subset({ count: 2000, stratified: true, seed: 3 });
  using model = ebb.models.smallCnn({ classes: 10 });
  const attack = blend({ target: 4, seed: 3 });
  const infected = await infect(model, some, attack, { epochs: 4, seed: 3, progress: false });
  await leakFree(async () => {
    const before = valuesOf(infected);
    const told: string[] = [];
    const margins = await maximumMargins(infected, 10, [1, 28, 28], {
      progress: ({ text }) => told.push(text),
    });
    assertEquals(margins.indexOf(Math.max(...margins)), 4, margins.join(" "));
    assertEquals(await maximumMargins(infected, 10, [1, 28, 28], quiet), margins);
    assertEquals(valuesOf(infected), before);
    assert(told.at(-1)!.startsWith("label 9: margin "), told.at(-1));
  });
});

Deno.test("maximumMargins() says what will not do", async () => {
  using model = ebb.models.smallCnn({ classes: 3, size: 8 });
  const say = (options: ebb.backdoor.MaximumMarginsOptions, sentence: string) =>
    leakFree(() => assertRejects(() => maximumMargins(model, 3, [1, 8, 8], options), RangeError, sentence));
  await say({ count: 0 }, "maximumMargins: expected count to be a whole number above 0 but found 0");
  await say({ steps: 1.5 }, "maximumMargins: expected steps to be a whole number above 0 but found 1.5");
  await say({ lr: 0 }, "maximumMargins: expected lr to be a number above 0 but found 0");
});
