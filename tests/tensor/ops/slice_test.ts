import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("slice", (x: ebb.Tensor, { starts, ends, steps, axes }) => {
  const places: number[] = axes ?? starts.map((_: number, axis: number) => axis);
  return x.slice(...x.shape.map((_, axis): ebb.Range => {
    const i = places.indexOf(axis);
    return i < 0 ? null : [starts[i], ends[i], steps?.[i]];
  }));
});
checkOp("narrow", (x, o) => ebb.narrow(x, o.axis, o.start, o.length));
checkOp("select", (x, o) => ebb.select(x, o.axis, o.index));

/** What Python gives for `list[start:end:step]`. */
function pythonSlice(list: number[], start: number | null, end: number | null, step: number): number[] {
  const n = list.length;
  const bound = (at: number) => step > 0 ? Math.min(Math.max(at, 0), n) : Math.min(Math.max(at, -1), n - 1);
  const place = (at: number | null, otherwise: number) =>
    at === null ? otherwise : bound(at < 0 ? at + n : at);
  const picked: number[] = [];
  const last = place(end, step > 0 ? n : -1);
  for (let i = place(start, step > 0 ? 0 : n - 1); step > 0 ? i < last : i > last; i += step) {
    picked.push(list[i]);
  }
  return picked;
}

Deno.test("slice() takes every range as Python does, forward and backward", () => {
  leakFree(() =>
    ebb.scope(() => {
      const list = [10, 11, 12, 13, 14];
      const places = [null, -7, -5, -2, 0, 1, 3, 5, 9];
      for (const axis of [0, 1]) {
        const x = ebb.tensor(axis === 0 ? list.map((v) => [v, v]) : [list, list]);
        for (const step of [1, 2, 3, -1, -2, -4]) {
          for (const start of places) {
            for (const end of places) {
              const found = ebb.scope(() => x.slice(...new Array(axis).fill(null), [start, end, step]));
              const picked = pythonSlice(list, start, end, step);
              const expected = axis === 0 ? picked.map((v) => [v, v]) : [picked, picked];
              assertEquals(found.toArray(), expected, `[${start}, ${end}, ${step}] of axis ${axis}`);
            }
          }
        }
      }
    })
  );
});

Deno.test("slice() sends gradients to the places taken, and gradients of gradients back", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.arange(0, 12, 1, { dtype: "float64" }).reshape([3, 4]);
      x.requiresGrad = true;
      const ranges: ebb.Range[][] = [
        [[1, 2]],
        [[null, null, -1]],
        [null, [3, 0, -2]],
        [[0, 3, 2], [null, null, 3]],
        [[2, null], [1, 3]],
        [[1, 1]],
      ];
      for (const range of ranges) {
        const [first] = ebb.grad([x.slice(...range).square().sum()], [x], { createGraph: true });
        const taken = ebb.zeros([3, 4], { dtype: "float64" });
        const places = ebb.arange(0, 12, 1, { dtype: "float64" }).reshape([3, 4]).slice(...range).reshape([
          -1,
        ]);
        const flat = taken.reshape([12]);
        for (const place of places.toArray() as number[]) flat.slice([place, place + 1]).fill_(1);
        assertEquals(first!.toArray(), x.detach().mul(taken).mul(2).toArray(), JSON.stringify(range));
        if (!first!.requiresGrad) continue; // of an empty part
        const [second] = ebb.grad([first!.square().sum()], [x]);
        assertEquals(second!.toArray(), x.detach().mul(taken).mul(8).toArray(), JSON.stringify(range));
      }
    })
  );
});

Deno.test("slice() copies nothing where the elements stay in one piece", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.arange(24).reshape([4, 3, 2]);
      assertStrictEquals(x.slice([1, 3]).storage, x.storage);
      assertStrictEquals(x.slice([1, 2], [1, 3]).storage, x.storage);
      assertEquals(x.slice([1, 2], [1, 3]).toArray(), [[[8, 9], [10, 11]]]);
      assertStrictEquals(x.select(0, 2).select(0, 1).select(0, 0).storage, x.storage);
      assertEquals(x.select(0, 2).select(0, 1).select(0, 0).item(), 14);
      assertNotStrictEquals(x.slice(null, [0, 2]).storage, x.storage);
      assertEquals(x.slice([1, 3]).slice([1, 2]).add(0).toArray(), [[[12, 13], [14, 15], [16, 17]]]);
    })
  );
});

Deno.test("slice(), select() and narrow() say what they cannot take", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 3]);
      assertThrows(
        () => x.slice(null, null, [0, 1]),
        RangeError,
        "slice: expected at most 2 ranges but found 3",
      );
      assertThrows(
        () => x.slice([0, 1, 0]),
        RangeError,
        "slice: expected whole numbers and a step other than 0",
      );
      assertThrows(() => x.slice([0.5]), RangeError, "slice: expected whole numbers");
      assertThrows(() => x.slice(1 as unknown as null), TypeError, "use select()");
      assertThrows(
        () => x.select(1, 3),
        RangeError,
        "select: expected a place from -3 to 2 of axis 1 but found 3",
      );
      assertThrows(
        () => x.narrow(1, 2, 2),
        RangeError,
        "narrow: expected places of axis 1 of [2, 3] but found 2 from 2",
      );
      assertEquals(x.narrow(1, -2, 2).shape, [2, 2]);
    })
  );
});
