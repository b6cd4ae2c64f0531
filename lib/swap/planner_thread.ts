/**
 * The thread that makes a plan of a long step (`planner.ts`).
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { joint } from "./policy/joint.ts";
import type { PlanRequest } from "./planner.ts";

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<PlanRequest>) => void;
  postMessage(message: unknown): void;
};
thread.onmessage = ({ data: { trace, input } }) => thread.postMessage(joint(input)(trace));
