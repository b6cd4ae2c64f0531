import { assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { type OpObserver, opObserver } from "../../lib/tensor/observe.ts";
import { leakFree } from "../leak.ts";

/** An observer that writes down what it is told, under its name. */
function told(name: string, list: string[]): OpObserver {
  return {
    before: () => list.push(`${name} before`),
    after: () => list.push(`${name} after`),
    ran: () => list.push(`${name} ran`),
  };
}

function add(): void {
  ebb.scope(() => void ebb.ones([2]).add(1));
}

Deno.test("of several observers the one who came last is nearest to the op", () =>
  leakFree(() => {
    const seen: string[] = [];
    const ends = ["a", "b"].map((name) => ebb.observeOps(told(name, seen)));
    add();
    assertEquals(seen, ["a before", "b before", "b after", "a after", "b ran", "a ran"]);
    for (const end of ends) end();
  }));

Deno.test("observers end in any order, and the others stay", () =>
  leakFree(() => {
    const seen: string[] = [];
    const [endA, endB, endC] = ["a", "b", "c"].map((name) => ebb.observeOps(told(name, seen)));
    endA();
    add();
    assertEquals(seen.splice(0), ["b before", "c before", "c after", "b after", "c ran", "b ran"]);
    endC();
    endC();
    add();
    assertEquals(seen.splice(0), ["b before", "b after", "b ran"]);
    endB();
    add();
    assertEquals([seen, opObserver], [[], null]);
  }));

Deno.test("an observer is told what exactly ran: operands and outputs with their shapes", () =>
  leakFree(() => {
    const seen: unknown[] = [];
    const end = ebb.observeOps({
      before() {},
      after() {},
      ran: ({ op, inputs, outputs }) =>
        seen.push([op.name, inputs.map((x) => x instanceof ebb.Tensor ? x.shape : x), outputs[0].shape]),
    });
    ebb.scope(() => void ebb.ones([2, 3]).matmul(ebb.ones([3, 4])).mul(2));
    end();
    assertEquals(seen, [["matmul", [[2, 3], [3, 4]], [2, 4]], ["mul", [[2, 4], 2], [2, 4]]]);
  }));
