/**
 * Training steps: forward, backward, update, loss read back.
 *
 * @module
 */
import { group } from "./groups.ts";

await group("mlp", "mlp");
await group("cnn", "cnn");
await group("transformer", "xf");
await group("PreAct-ResNet18", "resnet");
