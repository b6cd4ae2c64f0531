/**
 * What people see of long work, and how they stop it; how values show themselves in a notebook.
 *
 * @module
 */
export { DISPLAY, escaped, htmlTable, jupyter } from "./display.ts";
export { throwIfInterrupted } from "./interrupt.ts";
export { bar, ProgressLine, type ProgressOptions } from "./line.ts";
export { checkPicture, pictureUrl } from "./picture.ts";
export { type LoopOptions, progress } from "./progress.ts";
export { type Progress, type ProgressEvent, Task, type TaskOptions } from "./task.ts";
