/**
 * What this room asks of a data set: images in [0, 1] and a class number each, of a class that the model has. Whatever is
 * handed to an attack, a defence or a measurement is looked at here first, so that a wrong one is refused before anything is
 * trained.
 *
 * @module
 */
import { ColumnDataset, type Dataset } from "../data/dataset.ts";
import { withMode } from "../nn/mode.ts";
import type { Module } from "../nn/module.ts";
import { fromHost } from "../tensor/create.ts";
import type { HostArray } from "../tensor/dtype.ts";
import { scope } from "../tensor/scope.ts";
import { showShape } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import { deviceOf, type RunOptions, runPass } from "./run.ts";

/** A data set that was looked at. */
export interface ImageSet {
  /** `[C, H, W]` */
  readonly shape: readonly number[];
  /** The number of classes. */
  readonly classes: number;
  /** The class of every image. */
  readonly labels: Int32Array;
}

/** What more is asked. */
export interface ImageDemands {
  /** The least number of images; default 1. */
  readonly least?: number;
  /** Whether every class must have an image; default: no. */
  readonly everyClass?: boolean;
}

/** The most classes that an error names. */
const NAMED = 10;
/** Rows that are looked at in one go. */
const CHUNK = 256;

/**
 * Looks at a data set. It has as many classes as it names, or as its labels reach.
 *
 * @param op who asks, for the errors
 * @throws {TypeError | RangeError} when it has no images with labels, too few, values outside [0, 1], labels below 0, or
 * lacks a class: a sentence.
 */
export function checkImages(op: string, data: Dataset, demands: ImageDemands = {}): ImageSet {
  checkShape(op, data, demands);
  const labels = data.labels();
  const classes = labels.reduce((most, label) => Math.max(most, label + 1), data.classes?.length ?? 0);
  checkLabels(op, data, labels, classes, demands);
  return { shape: data.fields[0].shape, classes, labels };
}

/**
 * Looks at a data set that a model classifies. It has as many classes as the model gives scores, so that one whose highest
 * class is missing is seen to lack it.
 *
 * @throws {TypeError | RangeError} as {@linkcode checkImages} does, when a label is of no class of the model, and when the
 * model gives no scores `[N, classes]`.
 */
export async function checkTask(
  op: string,
  model: Module,
  data: Dataset,
  { swap, ...demands }: ImageDemands & Pick<RunOptions, "swap"> = {},
): Promise<ImageSet> {
  checkShape(op, data, demands); // before a model sees it
  const [image] = data.gather([0]);
  const { shape, dtype } = image;
  const device = deviceOf(model);
  const pass = () =>
    noGrad(() =>
      scope(() => {
        const x = fromHost(image.data as HostArray, shape, { dtype, device });
        return withMode(model, false, () => model.forward(x)).shape;
      })
    );
  const scores = await runPass(swap, pass);
  if (scores.length !== 2 || scores[0] !== 1) {
    throw new TypeError(
      `${op}: expected a model that gives scores [N, classes] but found ${showShape(scores)}`,
    );
  }
  const [, classes] = scores;
  const labels = data.labels();
  checkLabels(op, data, labels, classes, demands);
  return { shape: data.fields[0].shape, classes, labels };
}

function checkShape(op: string, data: Dataset, { least = 1 }: ImageDemands): void {
  const [images, label] = data.fields;
  if (images?.shape.length !== 3 || images.dtype !== "float32" || label?.shape.length !== 0) {
    const found = data.fields.map(({ name, dtype, shape }) => `${name} ${dtype}${showShape(shape)}`).join(
      ", ",
    );
    throw new TypeError(`${op}: expected float32 images [C, H, W] and a label each but found ${found}`);
  }
  if (data.length < least) {
    const more = least > 1 ? `, a batch of them; a smaller batchSize asks for fewer,` : "";
    throw new RangeError(`${op}: expected at least ${least} images${more} but found ${data.length}`);
  }
  checkRange(op, data);
}

function checkLabels(
  op: string,
  data: Dataset,
  labels: Int32Array,
  classes: number,
  { everyClass = false }: ImageDemands,
): void {
  const strange = labels.find((label) => label < 0 || label >= classes);
  if (strange !== undefined) {
    throw new RangeError(`${op}: expected labels of 0 to ${classes - 1} but found ${strange}`);
  }
  if (!everyClass) return;
  const there = new Set(labels);
  const missing = Array.from({ length: classes }, (_, label) => label).filter((label) => !there.has(label));
  if (missing.length === 0) return;
  const named = (label: number) =>
    data.classes?.[label] ? `${label} (${data.classes[label]})` : String(label);
  const names = missing.slice(0, NAMED).map(named);
  if (missing.length > NAMED) names.push(`${missing.length - NAMED} more`);
  throw new RangeError(
    `${op}: expected images of every class but found none of ${names.join(", ")}; ` +
      `subset({ stratified: true }) takes some of each`,
  );
}

function checkRange(op: string, data: Dataset): void {
  if (data instanceof ColumnDataset && data.columns[0].kind === "bytes") {
    checkValues(op, data.columns[0].values);
    return;
  }
  for (let start = 0; start < data.length; start += CHUNK) {
    const length = Math.min(CHUNK, data.length - start);
    checkValues(op, data.gather(Uint32Array.from({ length }, (_, i) => start + i))[0].data as Float32Array);
  }
}

/** @throws {RangeError} when a value is not of [0, 1]. */
export function checkValues(op: string, values: Float32Array): void {
  const found = strayOf(values, 0);
  if (found === undefined) return;
  throw new RangeError(`${op}: expected images with values of [0, 1] but found ${found}`);
}

/** What sums of rounded numbers may be off by. */
const ROUNDED = 1e-4;

/** @throws {RangeError} when a trigger left the range of images. */
export function checkTriggered(op: string, values: Float32Array): void {
  const found = strayOf(values, ROUNDED);
  if (found === undefined) return;
  throw new RangeError(
    `${op}: expected a trigger that gives images with values of [0, 1] but found ${found}`,
  );
}

/** The first value that is further outside of [0, 1] than `slack`. */
function strayOf(values: Float32Array, slack: number): number | undefined {
  for (const value of values) {
    if (!(value >= -slack && value <= 1 + slack)) return value;
  }
  return undefined;
}
