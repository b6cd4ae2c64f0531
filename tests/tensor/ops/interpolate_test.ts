import { assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../../mod.ts";
import { nearestPixels } from "../../../lib/tensor/ops/resample.ts";
import { leakFree } from "../../leak.ts";
import { checkOp } from "../check_op.ts";

checkOp("interpolate", (x, o) => ebb.interpolate(x, o));

Deno.test("interpolate() copies the nearest pixel for every pair of sizes, infinite ones too", () => {
  leakFree(() =>
    ebb.scope(() => {
      for (let from = 1; from <= 12; from++) {
        const pixels = Array.from({ length: from }, (_, i) => i === 1 ? Infinity : i);
        for (let to = 1; to <= 25; to++) {
          const y = ebb.tensor([[[pixels]]]).interpolate({ size: [1, to] });
          const expected = nearestPixels({ from, to, step: from / to }).map((i) => pixels[i]);
          assertEquals([...y.data() as Float32Array], expected);
        }
      }
    })
  );
});

Deno.test("interpolate() refuses what is no image, no size, or two of them", () => {
  leakFree(() =>
    ebb.scope(() => {
      const x = ebb.zeros([1, 1, 2, 2]);
      assertThrows(
        () => ebb.zeros([2, 2]).interpolate({ size: 3 }),
        RangeError,
        "images [N, C, H, W] but found [2, 2]",
      );
      assertThrows(() => x.interpolate({ size: 0 }), RangeError, "sizes of 1 or more but found 0");
      assertThrows(() => x.interpolate({ scaleFactor: 0.2 }), RangeError, "with a factor of 0.2");
      assertThrows(() => x.interpolate({}), TypeError, "both or neither");
      const mode = "area" as "nearest";
      assertThrows(() => x.interpolate({ size: 3, mode }), RangeError, "but found area");
    })
  );
});
