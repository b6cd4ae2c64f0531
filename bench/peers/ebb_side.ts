/**
 * Ebb as a side of the comparison.
 *
 * @module
 */
import { cases } from "../cases.ts";
import { serve } from "./serve.ts";

await serve(cases);
