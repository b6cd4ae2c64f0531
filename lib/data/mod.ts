/**
 * Data sets, loaders, augmentation: the namespace `data`.
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
