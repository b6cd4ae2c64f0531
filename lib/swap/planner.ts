/**
 * Makes plans. Those of short steps are made at once, between two steps; those of long ones, which would keep the training
 * waiting, on a thread beside it.
 *
 * @module
 */
import type { Plan, PolicyInput } from "./plan.ts";
import { joint } from "./policy/joint.ts";
import type { Trace } from "./trace.ts";

/** What a planning thread is asked. */
export interface PlanRequest {
  readonly trace: Trace;
  readonly input: PolicyInput;
}

/** Ops from which on a step is planned for on a thread. */
const LONG = 2000;

/** A plan of `policy.joint`, or, of a long step, the promise of one. */
export function planned(trace: Trace, input: PolicyInput): Plan | Promise<Plan> {
  const make = () => joint(input)(trace);
  if (trace.ops.length < LONG) return make();
  // Where there can be no thread, the training waits.
  return onThread({ trace, input }).catch(make);
}

function onThread(request: PlanRequest): Promise<Plan> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./planner_thread.ts", import.meta.url), { type: "module" });
    // It would keep the process alive.
    const end = () => worker.terminate();
    worker.onmessage = ({ data }) => {
      end();
      resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end();
      reject(new Error(event.message));
    };
    worker.postMessage(request);
  });
}
