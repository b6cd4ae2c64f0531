/**
 * What this room asks of data sets: classes are those that the model has, whatever labels happen to be there.
 *
 * @module
 */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits } from "./fixture.ts";

const { adversarialLabels, badnets, chooseEpsilon, evaluate, fineTune, infect, inspect, reverseTriggers } =
  ebb.backdoor;
const QUIET = { progress: false } as const;

/** Images without names of classes, and with the labels that are given. */
function nameless(images: readonly number[], labels: readonly number[]) {
  using x = ebb.rand([labels.length, ...images]);
  using y = ebb.tensor([...labels], { dtype: "int64" });
  return ebb.data.fromTensors([x, y]);
}

/** The given digits but for the nines, as a set that does not say that there are any. */
async function withoutNines() {
  const { clean } = await infectedDigits();
  const labels = clean.labels();
  const rows = [...labels.keys()].filter((row) => labels[row] !== 9);
  const [{ data, shape }] = clean.gather(rows);
  using x = ebb.tensor(data as Float32Array<ArrayBuffer>, { shape: [...shape] });
  using y = ebb.tensor(rows.map((row) => labels[row]), { dtype: "int64" });
  return ebb.data.fromTensors([x, y]);
}

Deno.test("a set that lacks the highest class is seen to lack it, and is measured with all classes", async () => {
  const { model } = await infectedDigits();
  const data = await withoutNines();
  await leakFree(async () => {
    await assertRejects(
      () => fineTune(model, data, QUIET),
      RangeError,
      "fineTune: expected images of every class but found none of 9",
    );
    assertEquals((await adversarialLabels(model, data, { epsilon: 0.1 })).length, 10);
    assertEquals((await reverseTriggers(model, data, { epochs: 1, ...QUIET })).length, 10);
  });
});

Deno.test("each class is led to the next one that the model has, and the highest is a target like others", async () => {
  const data = nameless([1, 8, 8], [0, 1, 1, 0]);
  ebb.seed(1);
  await leakFree(async () => {
    using model = ebb.models.smallCnn({ classes: 3, size: 8 });
    const last = model.parameters().at(-1)!;
    ebb.noGrad(() => ebb.scope(() => last.copy_(ebb.tensor([0, 0, 100])))); // says 2 to everything
    const [row] = await evaluate({ model }, data, badnets({ target: "next" }));
    assertEquals(row.asr, 0.5); // of 1 follows 2, not 0
    const { infection } = await infect(model, data, badnets({ target: 2, rate: 0.5 }), {
      epochs: 1,
      lr: 0,
      batchSize: 4,
      ...QUIET,
    });
    assertEquals(infection.asr, 1);
  });
});

Deno.test("labels that are no class, and models that give no scores, are refused in a sentence", async () => {
  using model = ebb.models.smallCnn({ classes: 3, size: 8 });
  const attack = badnets({ target: 1 });
  await leakFree(async () => {
    await assertRejects(
      () => evaluate({ model }, nameless([1, 8, 8], [0, 5]), attack),
      RangeError,
      "evaluate: expected labels of 0 to 2 but found 5",
    );
    await assertRejects(
      () => chooseEpsilon(model, nameless([1, 8, 8], [0, -1])),
      RangeError,
      "chooseEpsilon: expected labels of 0 to 2 but found -1",
    );
    assertThrows(
      () => attack.poison(nameless([1, 8, 8], [1, -1])),
      RangeError,
      "badnets: expected labels of 0 to 1 but found -1",
    );
    await assertRejects(
      () => inspect(new ebb.nn.Identity(), nameless([1, 8, 8], [0, 1]), QUIET),
      TypeError,
      "inspect: expected a model that gives scores [N, classes] but found [1, 1, 8, 8]",
    );
  });
});
