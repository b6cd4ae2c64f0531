/**
 * Progress of long work.
 *
 * @module
 */
export { bar, ProgressLine, type ProgressOptions } from "./line.ts";
export { type Progress, type ProgressEvent, Task } from "./task.ts";
