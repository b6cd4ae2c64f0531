/**
 * Products of square matrices.
 *
 * @module
 */
import { group } from "./groups.ts";

await group("512 × 512", "mm512");
await group("1024 × 1024", "mm1024");
