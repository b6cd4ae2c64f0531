/**
 * The heat map of predicted labels: cells as opaque as their shares, numbers, marks, and names in little room.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { labelMatrix } from "../../lib/chart/mod.ts";
import { BACKGROUND, INK, SCALE, SERIES } from "../../lib/chart/theme.ts";
import { picture } from "./svg.ts";

const CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** Opacities of the cells, in the order of the matrix. */
const opacities = (svg: string) =>
  picture(svg).all(`g[aria-label="cell"][fill="${SCALE.light}"] rect`)
    .map((rect) => Number(rect.getAttribute("fill-opacity")));

/** Numbers that are drawn in a colour. */
const numbers = (svg: string, { light }: { light: string }) =>
  picture(svg).all(`g[aria-label="text"][fill="${light}"] text`).map((text) => text.textContent);

/** As many classes as `width`, with `share` at the one at `at`. */
const row = (width: number, at: number, share: number) =>
  Array.from({ length: width }, (_, i) => i === at ? share : (1 - share) / (width - 1));

Deno.test("labelMatrix() draws a cell as opaque as its share, with its number in a colour that stands out", () => {
  const { svg } = labelMatrix([[0, 0.25, 0.75], [0.6, 0.333, 0.067]]);
  assertEquals(opacities(svg), [0, 0.25, 0.75, 0.6, 0.333, 0.067]);
  assertEquals(numbers(svg, INK), ["0", "25", "60", "33", "7"]);
  assertEquals(numbers(svg, BACKGROUND), ["75"]);
  const { texts } = picture(svg);
  assert(texts.includes("Predicted labels") && texts.includes("Share of predictions (%)"));
  // The scale is the same whatever the highest share is.
  assertEquals(opacities(labelMatrix([[0.1, 0.2]]).svg), [0.1, 0.2]);
});

Deno.test("labelMatrix() names rows and classes, and frames the target of each row that has one", () => {
  const matrix = [...CLASSES.map((_, i) => row(10, i, 0.1 + 0.09 * i)), row(10, 0, 0.1)];
  const { svg } = labelMatrix(matrix, {
    title: "Adversarial images",
    subtitle: "CIFAR-10",
    rows: [...CLASSES.map((name) => `for ${name}`), "benign"],
    classes: CLASSES,
    targets: [...CLASSES.keys(), null],
  });
  const { texts, all, root } = picture(svg);
  for (const text of ["Adversarial images", "CIFAR-10", "for cat", "benign", ...CLASSES, "target", "91"]) {
    assert(texts.includes(text), text);
  }
  const frames = all(`g[aria-label="cell"][stroke="${SERIES.orange.light}"] rect`);
  assertEquals(frames.length, 10);
  const [xs, ys] = ["x", "y"].map((name) => frames.map((frame) => Number(frame.getAttribute(name))));
  assert([xs, ys].every((list) => list.every((value, i) => i === 0 || value > list[i - 1])), "a diagonal");
  assert(!/rotate/.test(svg), "ten names of classes stand level");
  assertEquals(
    root.querySelector("desc")!.textContent,
    "Predicted labels of 11 rows over 10 classes. 50.5 % on average at the target.",
  );
});

Deno.test("labelMatrix() turns names of classes and makes numbers smaller where there is little room", () => {
  const names = Array.from({ length: 43 }, (_, i) => `a sign of kind ${i} that warns`);
  const { svg } = labelMatrix([row(43, 7, 0.5)], { classes: names });
  assert(svg.includes("rotate(-90)"));
  const { texts, all } = picture(svg);
  assert(texts.includes("a sign of kin…"), "cut where they are too long");
  const [group] = all(`g[aria-label="text"][fill="${INK.light}"]`);
  assertEquals(group.querySelectorAll("text").length, 43);
  const size = Number(group.getAttribute("font-size"));
  assert(size > 7 && size < 10, String(size));

  const hundred = labelMatrix([row(100, 7, 0.5)], { rows: ["one"] }).svg;
  assertEquals(numbers(hundred, INK).length, 0, "no room for any");
  assertEquals(opacities(hundred).length, 100);
  const shown = picture(hundred).texts.filter((text) => /^\d+$/.test(text));
  assertEquals(shown, Array.from({ length: 50 }, (_, i) => String(2 * i)), "every other name");
});

Deno.test("labelMatrix() refuses what is no matrix of shares, and names and targets that do not fit it", () => {
  const of = (options: object) => () => labelMatrix([[0.5, 0.5], [1, 0]], options);
  const expected = "labelMatrix: expected rows with a share for each class but found";
  assertThrows(() => labelMatrix([]), RangeError, `${expected} no row`);
  assertThrows(() => labelMatrix([[]]), RangeError, `${expected} no class`);
  assertThrows(
    () => labelMatrix([[0.5, 0.5], [1]]),
    RangeError,
    "labelMatrix: expected rows of one length but found 2 shares in row 0 and 1 in row 1",
  );
  assertThrows(
    () => labelMatrix([[0.5, 50]]),
    RangeError,
    "labelMatrix: expected column 1 of row 0 to be a share from 0 to 1 but found 50",
  );
  assertThrows(of({ rows: ["a"] }), RangeError, "labelMatrix: expected 2 names of rows but found 1");
  assertThrows(of({ classes: CLASSES }), RangeError, "labelMatrix: expected 2 names of classes but found 10");
  assertThrows(of({ targets: [] }), RangeError, "labelMatrix: expected 2 targets but found 0");
  for (const wrong of [2, -1, 0.5]) {
    assertThrows(
      of({ targets: [null, wrong] }),
      RangeError,
      `labelMatrix: expected targets to be classes from 0 to 1 or null but found ${wrong}`,
    );
  }
});
