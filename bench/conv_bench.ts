/**
 * A convolution of 32 images, forward and with both gradients.
 *
 * @module
 */
import { group } from "./groups.ts";

await group("convolution", "conv_f");
await group("convolution and its gradients", "conv_fb");
