/**
 * Data frames of danfo.js, to and from rows and tensors, which show themselves as tables. An entry point of its own
 * (`@ebb/ebb/frames`): danfo.js brings TensorFlow.js and 370 MB along, which nobody is to fetch who has no table.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frame } from "@ebb/ebb/frames";
 *
 * const scores = frame([{ model: "a", accuracy: 0.5 }, { model: "b", accuracy: 0.75 }]);
 * assertEquals(scores["accuracy"].mean(), 0.625);
 * ```
 *
 * @module
 */
export { type Cell, type Columns, type Frame, frame, type Row, rowsOf, tensorOf } from "./frame.ts";
