import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("gridSample", (x, grid, o) => ebb.gridSample(x, grid, o));

Deno.test("gridSample() along the grid of an image's own pixels is the image, and hands gradients through", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.randn([2, 3, 4, 5], { requiresGrad: true });
      const line = (n: number) => Array.from({ length: n }, (_, i) => 2 * i / (n - 1) - 1);
      const places = line(4).map((v) => line(5).map((u) => [u, v]));
      const grid = ebb.tensor([places, places]);
      const y = x.gridSample(grid, { alignCorners: true });
      assertEquals(y.allClose(x, { atol: 1e-5 }), true);
      const slopes = ebb.randn([2, 3, 4, 5]);
      y.backward(slopes);
      assertEquals(x.grad!.allClose(slopes, { atol: 1e-4 }), true);
    })
  );
});

Deno.test("gridSample() refuses shapes, types and options that do not fit", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([2, 1, 3, 3]);
      const grid = ebb.zeros([2, 2, 2, 2]);
      assertThrows(() => x.gridSample(ebb.zeros([1, 2, 2, 2])), RangeError, "[2, 1, 3, 3] and [1, 2, 2, 2]");
      assertThrows(() => x.gridSample(grid.to("float64")), TypeError, "found float32 and float64");
      assertThrows(() => x.gridSample(grid, { mode: "bicubic" as "nearest" }), RangeError, "found bicubic");
      assertThrows(() => x.gridSample(grid, { paddingMode: "wrap" as "zeros" }), RangeError, "found wrap");
    })
  );
});
