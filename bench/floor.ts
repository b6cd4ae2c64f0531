/**
 * The bare floor of a case: the very sessions that Ebb ran in one step, over the values it gave them, called again and
 * again with nothing around: no tensors, no shapes, no allocation, no tape. What a step of Ebb takes beyond its floor is
 * what the library costs.
 *
 * Numbers that change from step to step (an optimizer's corrections) stay as they were last, so training goes on
 * slightly differently; the work is the same.
 *
 * @module
 */
import * as ebb from "../mod.ts";
import { Storage } from "../lib/device/storage.ts";
import { makeValue, releaseValue, Session, useWorkspace } from "../lib/ort/mod.ts";
import type { Case } from "./case.ts";

/** Steps before the one that is written down, so that memory has settled and kernels are compiled. */
const WARM_UP = 3;

/** A call of a session. */
interface Call {
  session: Session;
  inputs: BigUint64Array;
  outputs: BigUint64Array;
}

/** A step as bare calls. */
export interface Floor extends Disposable {
  /** Runs all calls once. */
  run(): void;
  /** How many there are. */
  readonly calls: number;
}

/**
 * Makes a case on a device of its own, runs it a few times and writes down one step. The device is used by nobody else,
 * so its blocks stay where the step had them although the pool holds them for free.
 */
export async function floorOf(make: () => Case): Promise<Floor> {
  const device = ebb.cpu();
  const made = ebb.withDevice(device, make);
  for (let i = 0; i < WARM_UP; i++) await made.step();
  const { calls, values } = record(() => made.step());
  // Temporaries come from elsewhere, or they would lie over blocks that the pool believes free.
  const { workspace } = ebb.cpu();
  return {
    calls: calls.length,
    run() {
      useWorkspace(workspace);
      for (const { session, inputs, outputs } of calls) {
        session.inputs.set(inputs);
        session.outputs.set(outputs);
        session.run();
      }
      useWorkspace(null);
    },
    [Symbol.dispose]() {
      for (const value of values) releaseValue(value);
      made[Symbol.dispose]();
    },
  };
}

/** Writes down the calls that `step` makes, with values of their own, which no cache of the pool releases. */
function record(step: () => unknown): { calls: Call[]; values: number[] } {
  const calls: Call[] = [];
  const values: number[] = [];
  const { run } = Session.prototype;
  const { value } = Storage.prototype;
  Session.prototype.run = function () {
    calls.push({ session: this, inputs: this.inputs.slice(), outputs: this.outputs.slice() });
    run.call(this);
  };
  Storage.prototype.value = function (offset, bytes, type, shape) {
    values.push(makeValue(this.device.backend.memory, this.address + offset, bytes, type, shape));
    return values[values.length - 1];
  };
  try {
    step();
  } finally {
    Session.prototype.run = run;
    Storage.prototype.value = value;
  }
  return { calls, values };
}
