/**
 * Charts drawn by Observable Plot from plain data: the namespace `chart`.
 *
 * @module
 */
export { Chart } from "./chart.ts";
export { deviceMemory, type MemoryOptions, type MemorySample } from "./device_memory.ts";
export { learningCurves, type LearningOptions, type LearningRow } from "./learning.ts";
