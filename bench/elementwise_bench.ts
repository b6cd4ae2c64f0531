/**
 * Sums of two vectors: what a small operation costs, alone and recorded for gradients, and a large one.
 *
 * @module
 */
import { group } from "./groups.ts";

await group("additions of 16 numbers, 1,000 of them", "add16", "add16grad");
await group("a million numbers", "add1m");
