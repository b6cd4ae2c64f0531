/**
 * Poisoning a training set. Which rows are poisoned follows from the attack's seed alone, so that the set is the same in
 * every epoch. The set that an attacker hands out has the triggers on its images; an attacker who trains a model puts
 * them on after augmentation, since a crop would cut a patch in the corner off.
 *
 * @module
 */
import type { Column, HostData } from "../data/column.ts";
import { ColumnDataset, type Dataset } from "../data/dataset.ts";
import { fromHost } from "../tensor/create.ts";
import type { HostArray } from "../tensor/dtype.ts";
import { concat, indexSelect } from "../tensor/ops/mod.ts";
import { Generator } from "../tensor/random.ts";
import { scope } from "../tensor/scope.ts";
import { sizeOf } from "../tensor/shape.ts";
import { noGrad } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Attack } from "./attack.ts";
import { checkImages, checkTriggered } from "./images.ts";

/** What happens to a row. */
export const CLEAN = 0, TRIGGERED = 1, CROSSED = 2;

/** Streams of an attack's seed that must not meet. */
const [ROWS, CROSS] = [1, 2];
/** Images that are computed in one go. */
const CHUNK = 256;

/**
 * A training set with poison in it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const { train } = await ebb.data.mnist();
 * const poisoned = ebb.backdoor.badnets({ target: 7, rate: 0.1 }).poison(train.subset({ count: 200 }));
 * assertEquals(poisoned.poisoned.length, 20);
 * const labels = poisoned.labels();
 * assertEquals([...poisoned.poisoned].every((row) => labels[row] === 7), true);
 * ```
 */
export class PoisonedDataset extends ColumnDataset {
  /** Rows with the trigger, in ascending order. */
  readonly poisoned: Uint32Array;
  /** Rows with a trigger of no effect and their true label, in ascending order. */
  readonly crossed: Uint32Array;

  /** Use an attack's `poison`. */
  constructor(columns: readonly Column[], classes: readonly string[] | undefined, marks: Uint8Array) {
    super(columns, { classes });
    const marked = (mark: number) => Uint32Array.from(marks.keys()).filter((row) => marks[row] === mark);
    this.poisoned = marked(TRIGGERED);
    this.crossed = marked(CROSSED);
  }
}

/** Which rows an attack poisons, and the labels of all. */
export interface Poisoning {
  /** {@linkcode CLEAN}, {@linkcode TRIGGERED} or {@linkcode CROSSED} for each row. */
  readonly marks: Uint8Array;
  /** The label of each row. */
  readonly labels: Int32Array;
  /** The number of classes. */
  readonly classes: number;
}

/**
 * Draws the rows that an attack poisons: `rate` of all of them, from the target class alone where labels are kept.
 *
 * @param known how many classes there are at least, where a model tells it
 * @throws {TypeError | RangeError} when the data are no images in [0, 1], or the target is no class of theirs.
 */
export function choosePoison(attack: Attack, data: Dataset, known = 0): Poisoning {
  const { classes: seen, labels: truth } = checkImages(attack.name, data);
  const classes = Math.max(known, seen);
  if (attack.target !== "next") attack.label(0, classes); // a target out of range is refused
  const order = Uint32Array.from(truth.keys());
  new Generator(attack.seed, ROWS).shuffle(order);
  const candidates = attack.cleanLabel ? order.filter((row) => truth[row] === attack.target) : order;
  if (candidates.length === 0) {
    throw new RangeError(
      `${attack.name}: expected images of the target class ${attack.target}, as labels are kept, but found none`,
    );
  }
  const count = Math.max(1, Math.round(attack.rate * data.length));
  const marks = new Uint8Array(data.length);
  const labels = truth.slice();
  for (const row of candidates.subarray(0, count)) {
    marks[row] = TRIGGERED;
    labels[row] = attack.label(truth[row], classes);
  }
  const crossed = Math.round(attack.crossRatio * attack.rate * data.length);
  for (const row of order.filter((row) => marks[row] === CLEAN).subarray(0, crossed)) marks[row] = CROSSED;
  return { marks, labels, classes };
}

/** The same for a batch of images with their true labels, by lot: a share of `rate` on average. */
export function drawPoison(
  attack: Attack,
  truth: Tensor,
  classes: number,
  generator: Generator,
): { marks: Uint8Array; labels: Tensor } {
  const { shape, device } = truth;
  const labels = BigInt64Array.from(truth.data() as BigInt64Array);
  const marks = new Uint8Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    const lot = generator.float();
    if (lot < attack.rate) {
      marks[row] = TRIGGERED;
      labels[row] = BigInt(attack.label(Number(labels[row]), classes));
    } else if (lot < attack.rate * (1 + attack.crossRatio)) marks[row] = CROSSED;
  }
  return { marks, labels: fromHost(labels, shape, { dtype: "int64", device }) };
}

/** The set that the attacker hands out. */
export function poisonDataset(attack: Attack, data: Dataset): PoisonedDataset {
  const poisoning = choosePoison(attack, data);
  const { marks } = poisoning;
  const generator = new Generator(attack.seed, CROSS);
  const images = replaceImages(
    prepared(attack, data, marks),
    marks,
    (batch, rows) => {
      const stamped = stamp(attack, batch, rows.map((row) => marks[row]), generator);
      checkTriggered(attack.name, stamped.data() as Float32Array);
      return stamped;
    },
  );
  return new PoisonedDataset([images, labelsColumn(poisoning)], data.classes, marks);
}

/**
 * What the attacker trains on: images still without triggers, labels as poisoned, what is to happen to each row, and its
 * true label.
 */
export function trainingSet(attack: Attack, data: Dataset, classes: number): ColumnDataset {
  const poisoning = choosePoison(attack, data, classes);
  const { length } = data;
  const images = imagesColumn(prepared(attack, data, poisoning.marks));
  return new ColumnDataset([
    images,
    labelsColumn(poisoning),
    { kind: "rows", name: "marks", shape: [], length, dtype: "uint8", rows: poisoning.marks },
    { kind: "labels", name: "truth", shape: [], length, labels: data.labels() },
  ], { classes: data.classes });
}

/** Images with triggers on those that are marked so. */
export function stamp(
  { parts }: Attack,
  images: Tensor,
  marks: ArrayLike<number>,
  generator: Generator,
): Tensor {
  return noGrad(() =>
    scope(() => {
      const { device } = images;
      const pick = (from: Tensor, rows: readonly number[]) =>
        indexSelect(
          from,
          0,
          fromHost(BigInt64Array.from(rows, BigInt), [rows.length], { dtype: "int64", device }),
        );
      const places = Array.from(marks, (_, row) => row);
      const pieces = [images];
      let length = places.length;
      // Only those that change are computed.
      const put = (mark: number, change: (some: Tensor, rows: readonly number[]) => Tensor) => {
        const rows = Array.from(marks, (_, row) => row).filter((row) => marks[row] === mark);
        if (rows.length === 0) return;
        pieces.push(change(pick(images, rows), rows));
        for (const row of rows) places[row] = length++;
      };
      put(TRIGGERED, (some) => parts.trigger(some));
      put(CROSSED, (some, rows) => {
        const others = pick(images, rows.map((row) => (row + 1) % marks.length));
        return parts.cross!(some, generator, others);
      });
      return pieces.length === 1 ? images.alias() : pick(concat(pieces), places);
    })
  );
}

/** The data with the images as they are before triggers are put on them. */
function prepared({ parts: { prepare } }: Attack, data: Dataset, marks: Uint8Array): Dataset {
  if (prepare === undefined) return data;
  const labels = data.labels();
  const triggered = marks.map((mark) => Number(mark === TRIGGERED));
  const images = replaceImages(data, triggered, (batch, rows) => {
    const of = fromHost(BigInt64Array.from(rows, (row) => BigInt(labels[row])), [rows.length], {
      dtype: "int64",
    });
    return prepare(batch, of);
  });
  return new ColumnDataset([images, {
    kind: "labels",
    name: "labels",
    shape: [],
    length: data.length,
    labels,
  }], {
    classes: data.classes,
  });
}

/** The images of a data set, with those that are marked as `change` makes them. */
function replaceImages(
  data: Dataset,
  marks: Uint8Array,
  change: (images: Tensor, rows: number[]) => Tensor,
): Column {
  const base = imagesColumn(data);
  const chosen = [...marks.keys()].filter((row) => marks[row] !== CLEAN);
  const size = sizeOf(base.shape);
  const rows = new Float32Array(chosen.length * size);
  const places = new Int32Array(data.length).fill(-1);
  chosen.forEach((row, place) => places[row] = place);
  for (let at = 0; at < chosen.length; at += CHUNK) {
    const some = chosen.slice(at, at + CHUNK);
    const [images] = data.gather(some);
    const changed = noGrad(() =>
      scope(() => {
        const batch = fromHost(images.data as HostArray, images.shape, { dtype: "float32" });
        return change(batch, some).data() as Float32Array;
      })
    );
    rows.set(changed, at * size);
  }
  return { kind: "replaced", name: base.name, shape: base.shape, length: data.length, base, places, rows };
}

/** A data set's images as a column of their own whose rows are the data set's. */
function imagesColumn(data: Dataset): Column {
  const all = Uint32Array.from({ length: data.length }, (_, row) => row);
  const [{ name, shape, dtype }] = data.fields;
  if (data instanceof ColumnDataset) {
    const [column] = data.columns;
    const rows = data.rows(all);
    if (rows.length === column.length && rows.every((row, i) => row === i)) return column;
    if (column.kind === "bytes") {
      const size = sizeOf(shape);
      const bytes = new Uint8Array(data.length * size);
      rows.forEach((row, i) => bytes.set(column.bytes.subarray(row * size, (row + 1) * size), i * size));
      return { ...column, length: data.length, bytes };
    }
  }
  return {
    kind: "rows",
    name,
    shape,
    dtype,
    length: data.length,
    rows: data.gather(all)[0].data as HostData,
  };
}

function labelsColumn({ labels }: Poisoning): Column {
  return { kind: "labels", name: "labels", shape: [], length: labels.length, labels };
}
