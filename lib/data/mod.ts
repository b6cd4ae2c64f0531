/**
 * Data sets, loaders, augmentation: the namespace `data`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.rand([100, 1, 8, 8]);
 * using labels = ebb.randint(0, 10, [100]);
 * const data = ebb.data.fromTensors([images, labels]);
 * const [test, train] = data.split({ share: 0.2, seed: 1 });
 * const augment = [ebb.data.randomCrop({ padding: 1 }), ebb.data.randomFlip()];
 * const shapes = [];
 * for await (const [x, y] of ebb.data.loader(train, { batchSize: 32, shuffle: true, augment })) {
 *   shapes.push([x.shape, y.shape]); // each batch is freed when the next one comes
 * }
 * assertEquals([test.length, shapes.length, shapes[0]], [20, 3, [[32, 1, 8, 8], [32]]]);
 * ```
 *
 * @module
 */
export { ColumnDataset, type Dataset, type Field, type HostTensor } from "./dataset.ts";
export type {
  BytesColumn,
  Column,
  ColumnBase,
  HostData,
  LabelsColumn,
  ReplacedColumn,
  RowsColumn,
  WindowsColumn,
} from "./column.ts";
export type { SubsetOptions } from "./split.ts";
export { type Mnist, mnist } from "./mnist.ts";
export { type Cifar10, cifar10 } from "./cifar10.ts";
export { idx } from "./idx.ts";
export { Characters, characters, type CharactersOptions } from "./characters.ts";
export { fromTensors, type FromTensorsOptions } from "./from_tensors.ts";
export { Loader, loader, type LoaderOptions } from "./loader.ts";
export type { LoaderState } from "./schedule.ts";
export {
  augment,
  type Augmentation,
  type RandomCrop,
  randomCrop,
  type RandomFlip,
  randomFlip,
  type RandomRotate,
  randomRotate,
} from "./augment.ts";
