/**
 * How the field trains when it repairs: the settings that BackdoorBench has for most of its defences.
 *
 * @module
 */
import { cosine } from "../../optim/schedules.ts";
import type { Training } from "../train.ts";

/** 100 epochs of batches of 256, learning rate 0.01 along half a cosine, momentum 0.9, weight decay 5e-4. */
export const BACKDOOR_BENCH = {
  epochs: 100,
  batchSize: 256,
  lr: 0.01,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 5e-4,
  schedule: (steps: number) => cosine(steps),
} satisfies Training;
