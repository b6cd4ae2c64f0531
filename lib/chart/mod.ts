/**
 * Charts drawn by Observable Plot from plain data: the namespace `chart`.
 *
 * @module
 */
export { type ChangeRow, changes, type ChangesOptions } from "./changes.ts";
export { Chart } from "./chart.ts";
export { deviceMemory, type MemoryOptions, type MemorySample } from "./device_memory.ts";
export { learningCurves, type LearningOptions, type LearningRow } from "./learning.ts";
export { moves, type MovesOptions } from "./moves.ts";
export { memory, type StepMemoryOptions } from "./step_memory.ts";
export { steps, type StepsOptions } from "./steps.ts";
export { timeline, type TimelineOptions } from "./timeline.ts";
