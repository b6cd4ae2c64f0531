/**
 * Models: the namespace `models`.
 *
 * @module
 */
export { type Gpt, gpt, type GptOptions } from "./gpt.ts";
export { mlp, type MlpOptions } from "./mlp.ts";
export {
  type PreactBlock,
  type PreactResnet,
  preactResnet18,
  type PreactResnetOptions,
} from "./preact_resnet.ts";
export { type SmallCnn, smallCnn, type SmallCnnOptions } from "./small_cnn.ts";
