/**
 * What a run measures of itself, step by step and epoch by epoch.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import type { Evaluation } from "./evaluate.ts";
import { type MemoryWatch, type StepMemory, watchMemory } from "./step_memory.ts";

/** What is known after a step. */
export interface Step {
  /** Steps taken. */
  readonly step: number;
  /** Steps in all. */
  readonly steps: number;
  /** Of the step's batch. */
  readonly loss: number;
  /** Share of the step's batch that was classified right, 0 to 1. */
  readonly accuracy: number;
  /** Since the epoch began. */
  readonly imagesPerSecond: number;
  /** Bytes that the device has reserved. */
  readonly reservedBytes: number;
}

/** What is known after an epoch, or where a run ends within one. */
export interface Epoch extends Evaluation {
  /** Epochs done. */
  readonly epoch: number;
  /** Mean loss of the epoch's batches. */
  readonly trainLoss: number;
  /** Mean accuracy of the epoch's batches, 0 to 1. */
  readonly trainAccuracy: number;
  /** Images trained on in a second, without the evaluation. */
  readonly imagesPerSecond: number;
  /** The most bytes that the device had reserved so far. */
  readonly peakBytes: number;
}

const NOTHING = { batches: 0, loss: 0, accuracy: 0, images: 0, ms: 0 };

/** Gathers what a run measures. */
export class RunRecord {
  /** Its epochs. */
  readonly epochs: Epoch[] = [];
  /** After every step; of held-out images after every epoch. */
  readonly curve: ebb.chart.LearningRow[] = [];
  /** After every step. */
  readonly memory: ebb.chart.MemorySample[] = [];
  /** Within one of the first steps. */
  stepMemory: StepMemory = { samples: [], phases: [] };
  readonly #start = performance.now();
  readonly #device = ebb.defaultDevice();
  readonly #steps: number;
  readonly #stepsPerEpoch: number;
  #step = 0;
  #stepStart = 0;
  #watch: MemoryWatch | undefined;
  /** Sums over the epoch. */
  #epoch = NOTHING;

  /** A run of `steps` steps. */
  constructor(steps: number, stepsPerEpoch: number) {
    this.#steps = steps;
    this.#stepsPerEpoch = stepsPerEpoch;
  }

  /** Whether the last step ended an epoch, or the run. */
  get epochDone(): boolean {
    return this.#step === this.#steps || this.#step % this.#stepsPerEpoch === 0;
  }

  /** Seconds since the run began. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** A step begins; a part of it, such as the forward pass, is named by calling what is returned. */
  stepBegins(): (part: string) => void {
    this.#step++;
    this.#stepStart = performance.now();
    // Once the optimizer has its state, in the second step, each step is like the next.
    if (this.#step === Math.min(3, this.#steps)) this.#watch = watchMemory(this.#device);
    return (part) => this.#watch?.phase(part);
  }

  /** A step ends. */
  stepEnds({ loss, right, images }: { loss: number; right: number; images: number }): Step {
    if (this.#watch) this.stepMemory = this.#watch.end();
    this.#watch = undefined;
    const accuracy = right / images;
    const sums = this.#epoch;
    this.#epoch = {
      batches: sums.batches + 1,
      loss: sums.loss + loss,
      accuracy: sums.accuracy + accuracy,
      images: sums.images + images,
      ms: sums.ms + performance.now() - this.#stepStart,
    };
    const { liveBytes, reservedBytes } = this.#device.memory();
    const step = this.#step;
    this.curve.push({ step, loss, accuracy });
    this.memory.push({ at: step, liveBytes, reservedBytes });
    return {
      step,
      steps: this.#steps,
      loss,
      accuracy,
      imagesPerSecond: this.#imagesPerSecond(),
      reservedBytes,
    };
  }

  /** An epoch ends, and the network was shown the held-out images. */
  epochEnds(evaluation: Evaluation): void {
    const { batches, loss, accuracy } = this.#epoch;
    this.curve.push({ step: this.#step, heldOutLoss: evaluation.loss, heldOutAccuracy: evaluation.accuracy });
    this.epochs.push({
      ...evaluation,
      epoch: this.#step / this.#stepsPerEpoch,
      trainLoss: loss / batches,
      trainAccuracy: accuracy / batches,
      imagesPerSecond: this.#imagesPerSecond(),
      peakBytes: this.#device.memory().peakBytes,
    });
    this.#epoch = NOTHING;
  }

  #imagesPerSecond(): number {
    return 1000 * this.#epoch.images / this.#epoch.ms;
  }
}
