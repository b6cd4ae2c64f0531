/**
 * What a device holds while one step of training runs, operator by operator.
 *
 * @module
 */
import * as ebb from "../mod.ts";

/** The memory of one step. */
export interface StepMemory {
  /** After every operator. */
  readonly samples: ebb.chart.MemorySample[];
  /** Which operator began which part of the step. */
  readonly phases: { readonly at: number; readonly label: string }[];
}

/** A step that is being watched. */
export interface MemoryWatch {
  /** The next operator begins a part of the step. */
  phase(label: string): void;
  /** Ends the watching. */
  end(): StepMemory;
}

/** Watches a device from now on. */
export function watchMemory(device: ebb.Device): MemoryWatch {
  const samples: ebb.chart.MemorySample[] = [];
  const phases: StepMemory["phases"] = [];
  const sample = () => {
    const { liveBytes, reservedBytes } = device.memory();
    samples.push({ at: samples.length, liveBytes, reservedBytes });
  };
  sample();
  const end = ebb.observeOps({ before: () => {}, after: sample });
  return {
    phase: (label) => void phases.push({ at: samples.length - 1, label }),
    end: () => {
      end();
      return { samples, phases };
    },
  };
}
