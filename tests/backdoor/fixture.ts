/**
 * What tests of the backdoor laboratory share: a small infected model, and what must hold of every defence.
 *
 * @module
 */
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

type Digits = Awaited<ReturnType<typeof ebb.data.mnist>>["train"];

/** An infected model with what it was infected by, and clean digits that it has not seen. */
export interface InfectedDigits {
  readonly model: Awaited<ReturnType<typeof ebb.backdoor.infect<ReturnType<typeof ebb.models.smallCnn>>>>;
  /** 200 digits to repair with, 20 of each. */
  readonly clean: Digits;
  /** 500 digits to measure on. */
  readonly test: Digits;
  readonly attack: ebb.backdoor.Attack;
}

let made: Promise<InfectedDigits> | undefined;

/** A small network, trained on 2,000 digits of which a tenth has a patch in the corner; once a file. */
export function infectedDigits(): Promise<InfectedDigits> {
  return made ??= (async () => {
    ebb.seed(5);
    const { train, test } = await ebb.data.mnist();
    const [some, rest] = train.split({ count: 2000, stratified: true, seed: 5 });
    const attack = ebb.backdoor.badnets({ target: 0, seed: 5 });
    const network = ebb.models.smallCnn({ classes: 10 });
    const model = await ebb.backdoor.infect(network, some, attack, { epochs: 4, seed: 5, progress: false });
    return {
      model,
      attack,
      clean: rest.subset({ count: 200, stratified: true, seed: 5 }),
      test: test.subset({ count: 500, stratified: true, seed: 5 }),
    };
  })();
}

/** A model's tensors on the host, by name. */
export function valuesOf(model: ebb.nn.Module): Record<string, number[]> {
  const entries = Object.entries(model.stateDict());
  return Object.fromEntries(entries.map(([name, tensor]) => [name, Array.from(tensor.data(), Number)]));
}

/**
 * What every defence keeps to: the given model is left as it is, another comes back, in evaluation mode and able to learn,
 * the same seed gives the same one, nothing leaks.
 */
export async function assertDefence(
  defend: <M extends ebb.nn.Module>(model: M, clean: Digits, options: { seed: number }) => Promise<M>,
): Promise<void> {
  const { model, clean } = await infectedDigits();
  const before = valuesOf(model);
  await leakFree(async () => {
    using repaired = await defend(model, clean, { seed: 1 });
    using again = await defend(model, clean, { seed: 1 });
    assertEquals(valuesOf(model), before);
    assertNotEquals(valuesOf(repaired), before);
    assertEquals(valuesOf(again), valuesOf(repaired));
    assertEquals([repaired.training, model.training], [false, false]);
    assertEquals(repaired.parameters().every(({ requiresGrad }) => requiresGrad), true);
  });
}

/** What every defence says of clean images that will not do, without a leak. */
export async function assertLooksAtClean(
  defend: <M extends ebb.nn.Module>(model: M, clean: Digits) => Promise<M>,
): Promise<void> {
  const { model, clean } = await infectedDigits();
  const labels = clean.labels();
  const lacking = clean.subset({ indices: [...labels.keys()].filter((row) => labels[row] !== 3) });
  await leakFree(() =>
    assertRejects(
      () => defend(model, lacking),
      RangeError,
      "expected images of every class but found none of 3",
    )
  );
}
