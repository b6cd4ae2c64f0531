/**
 * The chart of an inspection: dots as high as the advantages, the threshold, the target, and the triggers as pictures.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Inspection, LabelEvidence } from "../../lib/backdoor/inspect.ts";
import { inspection } from "../../lib/chart/mod.ts";
import { INK, SERIES } from "../../lib/chart/theme.ts";
import { picture } from "./svg.ts";

/** Evidence of a label whose patch has an advantage. */
function evidence(label: number, patch: number): LabelEvidence {
  const plain = (shape: number[], value: number) => ({
    data: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
    shape,
  });
  const trigger = {
    label,
    mask: plain([4, 4], 0.5),
    pattern: plain([1, 4, 4], 1),
    norm: 8,
    success: 1,
    anomaly: 0,
  };
  return {
    label,
    patch: trigger,
    overlay: trigger,
    warp: { label, field: new Float32Array(50), reach: 1, norm: 1, success: 1, anomaly: 0 },
    margin: 20,
    advantages: { patch, overlay: 0.25, warp: -0.5, margin: 0.1 },
    shares: [],
    score: Math.hypot(patch, 0.25, 0.1),
  };
}

/** An inspection whose labels have such patches. */
function found(patches: readonly number[], target: number | null): Inspection {
  const labels = patches.map((patch, label) => evidence(label, patch));
  const score = Math.max(...labels.map(({ score }) => score));
  return { infected: target !== null, target, score, threshold: 0.75, epsilons: [], labels };
}

/** Heights of the dots of a colour, from left to right. */
const heights = (svg: string, { light }: { light: string }) =>
  picture(svg).all(`g[aria-label="dot"][fill="${light}"] circle`).map((dot) =>
    Number(dot.getAttribute("cy"))
  );

Deno.test("inspection() draws four dots and a bar a label, and shades the target", () => {
  const { svg } = inspection(found([0, 2, 1], 1), { classes: ["cat", "dog", "frog"] });
  const { texts, all, place } = picture(svg);
  const [zero, two, one] = heights(svg, SERIES.blue);
  assert(two < one && one < zero, "a higher advantage is higher");
  assertEquals(Math.round(zero - one), Math.round(one - two));
  const bars = all(`g[aria-label="tick"] line`).map((bar) => Number(bar.getAttribute("y1")));
  assertEquals(
    bars.map((bar, i) => bar < heights(svg, SERIES.blue)[i]),
    [true, true, true],
    "above its highest dot",
  );
  assertEquals([SERIES.green, SERIES.magenta, INK].map((colour) => heights(svg, colour).length), [3, 3, 3]);
  for (const text of ["cat", "dog", "frog", "patch", "overlay", "warp", "margin", "score", "threshold"]) {
    assert(texts.includes(text), text);
  }
  assert(
    texts.includes("Looks infected, towards dog: score 2.02; from 0.75 on a model looks infected"),
    texts.join("\n"),
  );
  const shades = all(`g[aria-label="cell"][fill="${SERIES.orange.light}"] rect`);
  assertEquals(shades.length, 1);
  const [, dog] = all(`g[aria-label="dot"][fill="${SERIES.green.light}"] circle`);
  const across = (element: Element, name: string) => place(element)[0] + Number(element.getAttribute(name));
  const [left, middle] = [across(shades[0], "x"), across(dog, "cx")];
  assert(left < middle && middle < left + Number(shades[0].getAttribute("width")), "behind its dots");
  assertEquals(all("image").length, 6, "a patch and an overlay each");
});

Deno.test("inspection() of a model that does not look infected shades nothing", () => {
  const { svg } = inspection(found([0, 0.1, 0.2], null), { title: "Mine", subtitle: "of this morning" });
  const { texts, all } = picture(svg);
  for (const text of ["Mine", "of this morning", "0", "1", "2"]) assert(texts.includes(text), text);
  assertEquals(all(`g[aria-label="cell"]`).length, 0);
  assert(inspection(found([0, 0.1], null)).svg.includes("Does not look infected: score 0.29"));
});

Deno.test("inspection() leaves out pictures and names for which there is no room", () => {
  const { svg } = inspection(found(Array.from({ length: 100 }, (_, i) => i / 100), null));
  const { texts, all } = picture(svg);
  assertEquals([all("image").length, all("circle").length], [0, 400 + 4]);
  assert(texts.includes("0") && !texts.includes("1"));
});

Deno.test("inspection() refuses no labels, and names of others", () => {
  assertThrows(
    () => inspection(found([], null)),
    RangeError,
    "inspection: expected evidence of labels but found none",
  );
  assertThrows(
    () => inspection(found([1, 2], 0), { classes: ["cat"] }),
    RangeError,
    "inspection: expected 2 names of labels but found 1",
  );
});
