/**
 * The network that makes a trigger for an image: an encoder and a decoder as in the authors' code of the input-aware
 * attack (arXiv:2010.08138), for images of any size that can be halved as often as it does.
 *
 * @module
 */
import { Sequential } from "../../nn/containers.ts";
import { ReLU } from "../../nn/layers/activation.ts";
import { BatchNorm2d } from "../../nn/layers/batch_norm.ts";
import { Conv2d } from "../../nn/layers/conv.ts";
import type { LayerOptions } from "../../nn/layers/options.ts";
import { Module } from "../../nn/module.ts";
import { add, interpolate, maxPool2d, mul, tanh } from "../../tensor/ops/mod.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Images `[N, C, H, W]` to values of [0, 1] `[N, outputs, H, W]`. */
export class TriggerNet extends Module {
  /** Each is followed by max-pooling. */
  readonly down: readonly Sequential[];
  readonly middle: Sequential;
  /** Each comes after resizing to what was before the pooling. */
  readonly up: readonly Sequential[];

  /** Two stages from 16 channels for grey images, three from 32 for others, as the authors have for MNIST and CIFAR-10. */
  constructor(channels: number, outputs: number, options: LayerOptions = {}) {
    super();
    const widths = channels === 1 ? [16, 32] : [32, 64, 128];
    const block = (from: number, to: number, active = true) => [
      new Conv2d(from, to, 3, { padding: 1, bias: false, ...options }), // batch norm takes a bias away again
      new BatchNorm2d(to, { momentum: 0.05, ...options }),
      ...(active ? [new ReLU()] : []),
    ];
    this.down = widths.map((width, i) =>
      new Sequential(...block(widths[i - 1] ?? channels, width), ...block(width, width))
    );
    const widest = widths.at(-1)!;
    this.middle = new Sequential(...block(widest, widest));
    this.up = widths.map((width, i) =>
      new Sequential(...block(width, width), ...block(width, widths[i - 1] ?? outputs, i > 0))
    ).toReversed();
  }

  override forward(images: Tensor): Tensor {
    let x = images;
    const sizes: [number, number][] = [];
    for (const stage of this.down) {
      sizes.push([x.shape[2], x.shape[3]]);
      x = maxPool2d(stage.forward(x), 2);
    }
    x = this.middle.forward(x);
    for (const stage of this.up) x = stage.forward(interpolate(x, { size: sizes.pop(), mode: "bilinear" }));
    return add(mul(tanh(x), 0.5), 0.5);
  }
}
