import { assertEquals, assertThrows } from "@std/assert";
import { pruneWhile, splitOff } from "../../lib/backdoor/defences/held_out.ts";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

/** Ten rows of two classes, told apart by their only value. */
function rows() {
  using x = ebb.tensor([[1], [1], [1], [1], [1], [-1], [-1], [-1], [-1], [-1]]);
  using labels = ebb.tensor([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], { dtype: "int64" });
  return ebb.data.fromTensors([x, labels]);
}

/** How far it is pruned when stages leave these shares of ten rows right. */
async function keptOf(shares: number[], maxDrop: number): Promise<number> {
  using model = new ebb.nn.Linear(1, 2);
  let last = -1;
  const data = rows();
  const apply = (stage: number) => {
    last = stage;
    // Beyond a share of one half the first class alone is right.
    const slope = shares[stage] > 0.5 ? 1 : 0;
    ebb.nn.init.assign(model.weight, ebb.tensor([[slope], [-slope]]));
    ebb.nn.init.assign(model.bias!, ebb.tensor([0, 0]));
  };
  apply(0);
  await pruneWhile("prune", model, data, { count: shares.length - 1, apply, maxDrop, progress: false });
  return last;
}

Deno.test("pruning ends with the stage before the first that costs too much", async () => {
  assertEquals(await keptOf([1, 1, 1, 0.5, 1], 0.1), 2);
  assertEquals(await keptOf([1, 1, 1], 0.1), 2);
  assertEquals(await keptOf([1, 0.5, 1], 0.1), 0);
  assertEquals(await keptOf([1, 0.5, 0.5], 0.6), 2);
});

Deno.test("pruning goes through what runs the passes", async () => {
  let passes = 0;
  const swap = {
    step: () => Promise.reject(new Error("nothing is trained here")),
    evaluate: <T>(fn: () => T) => {
      passes++;
      return Promise.resolve(fn()) as Promise<Awaited<T>>;
    },
  };
  using model = new ebb.nn.Linear(1, 2);
  await pruneWhile("prune", model, rows(), {
    count: 1,
    apply: () => {},
    maxDrop: 0.1,
    swap,
    progress: false,
  });
  assertEquals(passes, 2);
});

Deno.test("what decides is split off by class and by seed", () =>
  leakFree(() => {
    const settings = { heldOut: 0.4, maxDrop: 0.1, seed: 1 };
    const [held, rest] = splitOff("test", rows(), settings);
    assertEquals([...held.labels(), ...rest.labels()], [0, 0, 1, 1, 0, 0, 0, 1, 1, 1]);
    for (const [name, value] of [["heldOut", 0], ["heldOut", 1], ["maxDrop", NaN]] as const) {
      assertThrows(
        () => splitOff("anp", rows(), { ...settings, [name]: value }),
        RangeError,
        `anp: expected ${name} to be a share between 0 and 1 but found ${value}`,
      );
    }
  }));
