/**
 * Charts drawn by Observable Plot from plain data: the namespace `chart`.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const rows = Array.from({ length: 50 }, (_, i) => ({ step: i + 1, loss: 2.3 * 0.95 ** i }));
 * const chart = ebb.chart.learningCurves([...rows, { step: 50, heldOutAccuracy: 0.93 }], { title: "Digits" });
 * assert(chart.svg.includes("93.0 %")); // in a notebook the chart shows itself
 * assertEquals(`${chart}`, "Chart(Digits)");
 * ```
 *
 * @module
 */
export { type ChangeRow, changes, type ChangesOptions } from "./changes.ts";
export { Chart } from "./chart.ts";
export { cleanVsTrigger, type CleanVsTriggerOptions } from "./clean_vs_trigger.ts";
export { deviceMemory, type MemoryOptions, type MemorySample } from "./device_memory.ts";
export { erasure, type ErasureOptions, type ErasureRow } from "./erasure.ts";
export type { EvaluationRow } from "./evaluation.ts";
export { type GridColumn, type GridImage, imageGrid, type ImageGridOptions } from "./image_grid.ts";
export { inspection, type InspectionOptions } from "./inspection.ts";
export { labelMatrix, type LabelMatrixOptions } from "./label_matrix.ts";
export { learningCurves, type LearningOptions, type LearningRow } from "./learning.ts";
export { moves, type MovesOptions } from "./moves.ts";
export { pictureUrl } from "../notebook/mod.ts";
export { memory, type StepMemoryOptions } from "./step_memory.ts";
export { steps, type StepsOptions } from "./steps.ts";
export { timeline, type TimelineOptions } from "./timeline.ts";
export { tradeOff, type TradeOffOptions } from "./trade_off.ts";
