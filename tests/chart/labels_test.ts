/**
 * Places of labels: near their dots, over nothing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { type Box, boxOf, type LabelledDot, placeLabels } from "../../lib/chart/labels.ts";

const BOUNDS: Box = { left: 0, top: 0, right: 700, bottom: 340 };
const dot = (x: number, y: number): LabelledDot => ({ x, y, width: 70, height: 15 });

const overlap = (a: Box, b: Box) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

Deno.test("placeLabels() puts a label that is alone to the right of its dot, or where there is room", () => {
  const [alone] = placeLabels([dot(300, 100)], BOUNDS);
  assertEquals(alone, { x: 344, y: 100, far: false });
  const [right, corner] = placeLabels([dot(695, 100), dot(2, 338)], BOUNDS);
  assert(right.x < 695 && !right.far && corner.x > 2 && corner.y < 338);
});

Deno.test("placeLabels() keeps labels of a crowd off each other, off the dots and inside", () => {
  const dots = Array.from({ length: 12 }, (_, i) => dot(400 + 6 * i, 320 - (i * 5) % 11));
  const places = placeLabels(dots, BOUNDS);
  const boxes = places.map(({ x, y }) => boxOf(x, y, 70, 15));
  for (const [i, box] of boxes.entries()) {
    assert(boxes.slice(i + 1).every((other) => !overlap(box, other)), `label ${i} lies over another`);
    assert(dots.every(({ x, y }) => !overlap(box, boxOf(x, y, 8, 8))), `label ${i} lies over a dot`);
    assert(box.left >= 0 && box.top >= 0 && box.right <= 700 && box.bottom <= 340, `label ${i} is outside`);
  }
  assert(places.some(({ far }) => far) && places.some(({ far }) => !far));
});

Deno.test("placeLabels() gives way to what is soft where that is near", () => {
  const right = boxOf(344, 100, 20, 10);
  const [place] = placeLabels([dot(300, 100)], BOUNDS, [right]);
  assert(!overlap(boxOf(place.x, place.y, 70, 15), right) && !place.far);
});
