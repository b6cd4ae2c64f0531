/**
 * Models: the namespace `models`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.rand([2, 1, 28, 28]);
 * using network = ebb.models.smallCnn({ classes: 10 }); // or mlp, preactResnet18
 * using scores = network.forward(images);
 * assertEquals(scores.shape, [2, 10]);
 *
 * using language = ebb.models.gpt({ vocab: 65, layers: 2, heads: 2, width: 32, context: 16 });
 * using ids = ebb.randint(0, 65, [2, 16]);
 * using next = language.forward(ids);
 * assertEquals(next.shape, [2, 65, 16]);
 * ```
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
