/**
 * The grid of pictures: what is where, how large, and what is marked.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type GridImage, imageGrid } from "../../lib/chart/mod.ts";
import { SERIES } from "../../lib/chart/theme.ts";
import { readPng } from "./png.ts";
import { picture } from "./svg.ts";

/** A picture of one colour. */
const plain = (value: number, shape: number[], more: Partial<GridImage> = {}): GridImage => ({
  pixels: new Float32Array(shape.reduce((a, b) => a * b)).fill(value),
  shape,
  ...more,
});

const numbersOf = (image: Element, ...names: string[]) =>
  names.map((name) => Number(image.getAttribute(name)));

const columns = [
  { title: "clean", images: [0, 0.2].map((value) => plain(value, [3, 32, 32], { caption: "frog" })) },
  {
    title: "with trigger",
    images: [0.4, 0.6].map((value) => plain(value, [3, 32, 32], { caption: "airplane", wrong: true })),
  },
  { title: "reversed", images: [plain(0.8, [1, 32, 32]), plain(1, [1, 32, 32])] },
];

Deno.test("imageGrid() holds each picture as a PNG, enlarged and sharp, a column below its title", () => {
  const { svg } = imageGrid(columns, { title: "Pictures", subtitle: "CIFAR-10" });
  const { texts, all } = picture(svg);
  for (const text of ["Pictures", "CIFAR-10", "clean", "with trigger", "reversed"]) {
    assert(texts.includes(text), text);
  }
  const images = all("image");
  const seen = images.map((image) => readPng(image.getAttribute("href")!));
  assertEquals(seen.map(({ samples }) => samples[0] / 255), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(seen.map(({ channels }) => channels), [3, 3, 3, 3, 1, 1]);
  for (const image of images) {
    assertEquals(numbersOf(image, "width", "height"), [128, 128]);
    assertEquals(image.closest("[image-rendering]")?.getAttribute("image-rendering"), "pixelated");
  }
  const places = images.map((image) => numbersOf(image, "x", "y").map(Math.round));
  assertEquals(places.map(([x]) => x), [6, 6, 146, 146, 286, 286]);
  const [top, bottom] = [places[0][1], places[1][1]];
  assertEquals(places.map(([, y]) => y), [top, bottom, top, bottom, top, bottom]);
  assert(bottom - top >= 128 + 15, "room for a caption");
});

Deno.test("imageGrid() marks wrong captions by their colour, a frame and the legend", () => {
  const { svg } = imageGrid(columns, { wrong: "fooled" });
  const { texts, all } = picture(svg);
  assertEquals(texts.filter((text) => text === "frog" || text === "airplane").length, 4);
  assertEquals(
    all(`g[aria-label="text"][fill="${SERIES.orange.light}"] text`).map((text) => text.textContent),
    ["airplane", "airplane"],
  );
  const frames = all(`g[aria-label="rect"][stroke="${SERIES.orange.light}"] rect`);
  assertEquals(frames.map((frame) => numbersOf(frame, "width", "height").map(Math.round)), [[131, 131], [
    131,
    131,
  ]]);
  assert(texts.includes("fooled"));
  assert(svg.includes("2 of 6 captions are marked fooled."));
  assert(!picture(imageGrid([columns[0]]).svg).texts.includes("wrong"), "no legend of what is not there");
});

Deno.test("imageGrid() wraps long words, and grows where there are many columns", () => {
  const image = plain(0.5, [1, 28, 28], { caption: "airplane 99.8 %" });
  const many = Array.from({ length: 20 }, () => ({ title: "adversarial epsilon", images: [image] }));
  const { all, root } = picture(imageGrid(many).svg);
  assertEquals(all("tspan").slice(0, 2).map((line) => line.textContent), ["adversarial", "epsilon"]);
  const [width] = numbersOf(root, "width");
  assertEquals(width, 32 + 20 * 72);
  assert(all("image").every((image) => numbersOf(image, "width")[0] === 60));
  const last = all("image").at(-1)!;
  assert(numbersOf(last, "x")[0] + 60 < width);
});

Deno.test("imageGrid() makes large pictures smaller and small ones alike, without changing their form", () => {
  const { svg } = imageGrid([
    { title: "large", images: [plain(0, [1, 200, 100])] },
    { title: "small", images: [plain(0, [1, 8, 16])] },
  ]);
  const images = picture(svg).all("image");
  assertEquals(images.map((image) => numbersOf(image, "width", "height")), [[64, 128], [128, 64]]);
  assert(!svg.includes("pixelated"));
});

Deno.test("imageGrid() refuses an empty or ragged grid, and what is no image", () => {
  const [clean, trigger] = columns;
  const expected = "imageGrid: expected columns of images but found";
  assertThrows(() => imageGrid([]), RangeError, `${expected} no column`);
  assertThrows(() => imageGrid([{ title: "clean", images: [] }]), RangeError, `${expected} no image`);
  assertThrows(
    () => imageGrid([clean, { ...trigger, images: trigger.images.slice(1) }]),
    RangeError,
    `imageGrid: expected 2 images in each column, as in "clean", but found 1 in "with trigger"`,
  );
  assertThrows(
    () => imageGrid([{ title: "flat", images: [plain(0, [32, 32])] }]),
    RangeError,
    "imageGrid: expected an image of shape [1 or 3, height, width] but found [32, 32]",
  );
  assertThrows(
    () => imageGrid([{ title: "short", images: [{ pixels: [0], shape: [1, 2, 2] }] }]),
    RangeError,
    "imageGrid: expected 4 values for an image of shape [1, 2, 2] but found 1",
  );
});
