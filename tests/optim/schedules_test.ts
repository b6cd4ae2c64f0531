/**
 * Schedules against PyTorch's, and what a scheduler does with them.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";
import reference from "./reference/schedules.json" with { type: "json" };

const {
  compose,
  constant,
  cosine,
  exponential,
  linear,
  milestones,
  oneCycle,
  Scheduler,
  sequence,
  SGD,
  stepDecay,
  warmUp,
} = ebb.optim;

const SCHEDULES: Record<keyof typeof reference, ebb.optim.Schedule> = {
  "cosine(10, 0.1)": cosine(10, 0.1),
  "stepDecay(4, 0.3)": stepDecay(4, 0.3),
  "milestones([3, 7], 0.5)": milestones([3, 7], 0.5),
  "exponential(0.9)": exponential(0.9),
  "linear(6, 0.25, 1)": linear(6, 0.25, 1),
  "oneCycle({ steps: 12 })": oneCycle({ steps: 12 }),
  "oneCycle({ steps: 12, warmUpShare: 0.5, divFactor: 10, finalDivFactor: 100 })": oneCycle({
    steps: 12,
    warmUpShare: 0.5,
    divFactor: 10,
    finalDivFactor: 100,
  }),
  "sequence([linear(4, 0.25, 1), 4], [cosine(8), 8])": sequence([linear(4, 0.25, 1), 4], [cosine(8), 8]),
};

for (const [name, rates] of Object.entries(reference)) {
  Deno.test(`${name} gives PyTorch's rates`, () => {
    const schedule = SCHEDULES[name as keyof typeof reference];
    rates.forEach((rate, step) => assertAlmostEquals(schedule(step), rate, 1e-9));
  });
}

Deno.test("schedules stay at their end", () => {
  assertEquals([cosine(10, 0.1)(50), linear(4, 1, 0.5)(9), warmUp(4)(9)], [0.1, 0.5, 1]);
  assertAlmostEquals(oneCycle({ steps: 10 })(99), 1 / 25 / 1e4, 1e-12);
});

Deno.test("compose() multiplies factors", () => {
  assertEquals([0, 1, 2].map(compose(constant(), warmUp(1), exponential(0.5))), [0.5, 0.5, 0.25]);
});

Deno.test("a schedule without steps is refused", () => {
  for (const make of [cosine, stepDecay, linear, warmUp]) {
    assertThrows(() => make(0), RangeError, "to be a whole number above 0 but found 0");
  }
  assertThrows(() => sequence(), RangeError, "sequence: expected schedules but found none");
});

Deno.test("Scheduler sets the rates of all groups and goes on from its state", () =>
  leakFree(() => {
    using a = ebb.ones([1], { requiresGrad: true });
    using b = ebb.ones([1], { requiresGrad: true });
    const make = () => new SGD([{ params: [a] }, { params: [b], lr: 0.5 }], { lr: 1 });
    const rates = ({ groups }: ebb.optim.SGD) => groups.map(({ options }) => options.lr);
    using optimizer = make();
    const scheduler = new Scheduler(optimizer, linear(4));
    assertEquals(rates(optimizer), [1, 0.5]);
    scheduler.step();
    scheduler.step();
    assertEquals(rates(optimizer), [0.5, 0.25]);

    using other = make();
    other.loadStateDict(optimizer.stateDict());
    const again = new Scheduler(other, linear(4));
    again.loadStateDict(scheduler.stateDict());
    again.step();
    assertEquals(rates(other), [0.25, 0.125]);
    assertThrows(
      () => again.loadStateDict({ steps: 1, baseRates: [1] }),
      RangeError,
      "expected steps and 2 base rates but found 1 and [1]",
    );
    assertThrows(() => new Scheduler(other, () => NaN), RangeError, "expected a factor of at least 0");
  }));
