/**
 * What this room asks of a data set: images in [0, 1] and a class number each. Whatever is handed to an attack, a defence
 * or a measurement is looked at here first, so that a wrong one is refused before anything is trained.
 *
 * @module
 */
import { ColumnDataset, type Dataset } from "../data/dataset.ts";
import { showShape } from "../tensor/shape.ts";

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

/** Rows that are looked at in one go. */
const CHUNK = 256;

/**
 * Looks at a data set.
 *
 * @param op who asks, for the errors
 * @throws {TypeError | RangeError} when it has no images with labels, too few, values outside [0, 1], or lacks a class:
 * a sentence.
 */
export function checkImages(op: string, data: Dataset, demands: ImageDemands = {}): ImageSet {
  const { least = 1, everyClass = false } = demands;
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
  const labels = data.labels();
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const classes = Math.max(data.classes?.length ?? 0, ...[...counts.keys()].map((label) => label + 1));
  if (everyClass) {
    const missing = Array.from({ length: classes }, (_, label) => label).filter((label) =>
      !counts.has(label)
    );
    if (missing.length > 0) {
      const names = missing.map((label) => data.classes ? `${label} (${data.classes[label]})` : label);
      throw new RangeError(
        `${op}: expected images of every class but found none of ${names.join(", ")}; ` +
          `subset({ stratified: true }) takes some of each`,
      );
    }
  }
  checkRange(op, data);
  return { shape: images.shape, classes, labels };
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
  for (const value of values) {
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`${op}: expected images with values of [0, 1] but found ${value}`);
    }
  }
}
