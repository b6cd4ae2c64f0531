/**
 * Which images are looked at where all would take too long.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { rowsOfClasses } from "../data/split.ts";
import { Generator } from "../tensor/random.ts";

/** The most of a class that a draw may have: in parts of what each would have if all had as many, and in parts of all. */
const [CROWD, MOST] = [2.5, 0.75];

/**
 * About `count` images, drawn of each class in proportion. Where one class would outnumber the others, so that what leads
 * images to it is judged by images that have it, or a class would not be there, as many of each are drawn, as far as there
 * are.
 */
export function sample(data: Dataset, count: number, seed: number): Dataset {
  const classes = rowsOfClasses(data.labels());
  const drawn = count < data.length ? data.subset({ count, stratified: true, seed }) : data;
  const sizes = rowsOfClasses(drawn.labels()).map((rows) => rows.length);
  const equal = drawn.length / classes.length;
  const most = Math.min(CROWD * equal, MOST * drawn.length);
  if (sizes.length === classes.length && Math.max(...sizes) <= most) return drawn;
  const generator = new Generator(seed);
  const indices = classes.flatMap((rows) => {
    generator.shuffle(rows);
    return [...rows.subarray(0, Math.ceil(equal))];
  });
  return data.subset({ indices: indices.sort((a, b) => a - b) });
}
