/**
 * PreAct-ResNet18 (He et al., "Identity Mappings in Deep Residual Networks", arXiv:1603.05027) for small images, under
 * the names that its common PyTorch form has: batch norm and ReLU come before each convolution.
 *
 * @module
 */
import { addOver } from "../../tensor/ops/arithmetic.ts";
import { adaptiveAvgPool2d, flatten } from "../../tensor/ops/mod.ts";
import { discard } from "../../tensor/scope.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { forwardWith } from "../fuse.ts";
import { BatchNorm2d } from "../layers/batch_norm.ts";
import { Conv2d } from "../layers/conv.ts";
import { Linear } from "../layers/linear.ts";
import { checkSizes, type LayerOptions } from "../layers/options.ts";
import { Module } from "../module.ts";

/** Options of {@linkcode preactResnet18}. */
export interface PreactResnetOptions extends LayerOptions {
  /** Number of classes; default 10. */
  classes?: number;
  /** Channels of the first stage; those of the next are 2, 4 and 8 times as many. Default 64. */
  width?: number;
  /** Channels of the images; default 3. */
  channels?: number;
}

/**
 * Two convolutions with a way around them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.preactResnet18({ width: 4 });
 * assertEquals(model.layers.map(({ sc }) => sc !== null), [false, false, true, false, true, false, true, false]);
 * using x = ebb.rand([1, 4, 8, 8]);
 * using y = model.layers[2].forward(x);
 * assertEquals(y.shape, [1, 8, 4, 4]);
 * ```
 */
export class PreactBlock extends Module {
  readonly bn1: BatchNorm2d;
  readonly conv1: Conv2d;
  readonly bn2: BatchNorm2d;
  readonly conv2: Conv2d;
  /** The way around where the shape changes, or null. */
  readonly sc: Conv2d | null;

  constructor(inputs: number, outputs: number, stride: number, options: LayerOptions) {
    super();
    const bare = { bias: false, ...options };
    this.bn1 = new BatchNorm2d(inputs, options);
    this.conv1 = new Conv2d(inputs, outputs, 3, { stride, padding: 1, ...bare });
    this.bn2 = new BatchNorm2d(outputs, options);
    this.conv2 = new Conv2d(outputs, outputs, 3, { padding: 1, ...bare });
    this.sc = stride === 1 && inputs === outputs ? null : new Conv2d(inputs, outputs, 1, { stride, ...bare });
  }

  /** `[N, inputs, H, W]` to `[N, outputs, H / stride, W / stride]`. */
  override forward(x: Tensor): Tensor {
    const active = forwardWith(this.bn1, "relu", x);
    const around = this.sc === null ? x : this.sc.forward(active);
    const first = this.conv1.forward(active);
    discard(active);
    const normal = forwardWith(this.bn2, "relu", first);
    discard(first);
    const second = this.conv2.forward(normal);
    discard(normal);
    return addOver(second, around);
  }
}

/**
 * See {@linkcode preactResnet18}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.preactResnet18({ width: 4, classes: 100 }).eval();
 * for (const size of [32, 48]) { // it ends in a mean over all places, so images may be of any size
 *   using images = ebb.rand([1, 3, size, size]);
 *   using scores = model.forward(images);
 *   assertEquals(scores.shape, [1, 100]);
 * }
 * ```
 */
export class PreactResnet extends Module {
  readonly conv1: Conv2d;
  readonly layers: readonly PreactBlock[];
  readonly bn: BatchNorm2d;
  readonly fc: Linear;

  constructor({ classes = 10, width = 64, channels = 3, ...options }: PreactResnetOptions) {
    super();
    checkSizes("preactResnet18", { classes, width, channels });
    this.conv1 = new Conv2d(channels, width, 3, { padding: 1, bias: false, ...options });
    let inputs = width;
    this.layers = Array.from({ length: 8 }, (_, i) => {
      const outputs = width * 2 ** (i >> 1);
      const block = new PreactBlock(inputs, outputs, i > 0 && i % 2 === 0 ? 2 : 1, options);
      inputs = outputs;
      return block;
    });
    this.bn = new BatchNorm2d(inputs, options);
    this.fc = new Linear(inputs, classes, options);
  }

  /** Images `[N, channels, H, W]` to scores `[N, classes]`. */
  override forward(images: Tensor): Tensor {
    let x = this.conv1.forward(images);
    for (const block of this.layers) {
      const next = block.forward(x);
      discard(x);
      x = next;
    }
    const active = forwardWith(this.bn, "relu", x);
    discard(x);
    return this.fc.forward(flatten(adaptiveAvgPool2d(active, 1), 1));
  }
}

/**
 * PreAct-ResNet18: eight blocks of two convolutions, the third, fifth and seventh of stride 2.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using model = ebb.models.preactResnet18({ width: 16, classes: 10 });
 * using images = ebb.rand([2, 3, 32, 32]);
 * using scores = model.forward(images);
 * assertEquals(scores.shape, [2, 10]);
 * ```
 */
export function preactResnet18(options: PreactResnetOptions = {}): PreactResnet {
  return new PreactResnet(options);
}
