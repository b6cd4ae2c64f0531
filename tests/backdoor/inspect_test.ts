import { assert, assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import { infectedDigits, valuesOf } from "./fixture.ts";

const { inspect } = ebb.backdoor;
/** Fewer images than usual, so that this is quick. */
const quick = { count: 20, epsilons: [0.1, 0.2], progress: false } as const;

Deno.test("inspect() finds the backdoor, its target and its trigger, and changes nothing", async () => {
  const { model, clean, attack } = await infectedDigits();
  const before = valuesOf(model);
  const found = await leakFree(() => inspect(model, clean, quick));
  assertEquals(valuesOf(model), before);
  assertEquals([found.infected, found.target], [true, attack.target as number]);
  assertEquals(found.score, Math.max(...found.labels.map(({ score }) => score)));
  assertEquals(found.epsilons, [0.1, 0.2]);
  assertEquals(
    found.labels.map(({ label, shares }) => [label, shares.length]),
    [...Array(10).keys()].map((i) => [i, 2]),
  );
  const { patch, overlay, shares } = found.labels[found.target!];
  assertEquals([patch.pattern.shape, overlay.mask.shape], [[1, 28, 28], [28, 28]]);
  assert(
    patch.norm < 0.5 * Math.min(
          ...found.labels.filter(({ label }) => label !== 0).map(({ patch }) => patch.norm),
        ),
  );
  assert(shares.every((share) => share >= 0 && share <= 1));
});

Deno.test("inspect() does not suspect a network that was trained on clean digits", async () => {
  ebb.seed(8);
  const { train } = await ebb.data.mnist();
  const [some, rest] = train.split({ count: 2000, stratified: true, seed: 8 });
  using model = ebb.models.smallCnn({ classes: 10 });
  using clean = await ebb.backdoor.fineTune(model, some, { epochs: 3, lr: 0.02, seed: 8, progress: false });
  const few = rest.subset({ count: 50, stratified: true, seed: 8 });
  const found = await inspect(clean, few, { ...quick, epsilons: undefined });
  assertEquals([found.infected, found.target], [false, null], `${found.score}`);
  assert(found.score < found.threshold && found.score >= 0);
  // Half, once and twice what fools nine of ten.
  const [half, once, twice] = found.epsilons;
  assertEquals([found.epsilons.length, once / half, twice / once], [3, 2, 2]);
  assert(found.labels.some(({ shares }) => shares[2] > shares[0]));
});

Deno.test("inspect() says what will not do", async () => {
  const { model, clean } = await infectedDigits();
  await assertRejects(
    () => inspect(model, clean, { count: 0 }),
    RangeError,
    "inspect: expected count to be a whole number above 0 but found 0",
  );
  await assertRejects(
    () => inspect(model, clean, { threshold: NaN }),
    RangeError,
    "inspect: expected a threshold above 0 but found NaN",
  );
  await assertRejects(
    () => inspect(model, clean, { epsilons: [0.1, -1] }),
    RangeError,
    "inspect: expected epsilon and stepSize to be numbers of at least 0 but found -1",
  );
  using flat = ebb.ones([4, 3]);
  await assertRejects(
    () => inspect(model, ebb.data.fromTensors([flat]), {}),
    TypeError,
    "inspect: expected float32 images [C, H, W] and a label each",
  );
});
