/**
 * The entry point `@ebb/ebb/frames`: data frames of danfo.js.
 *
 * @module
 */
export * from "./lib/frames/mod.ts";
