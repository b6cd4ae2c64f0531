/**
 * Rows of evaluations for tests of charts.
 *
 * @module
 */
import type { EvaluationRow } from "../../lib/chart/mod.ts";

/** Seven attacks. */
export const ATTACKS = ["BadNets", "Blended", "SIG", "WaNet", "Input-aware", "LF", "Trojan"];
/** The model without defence, and nine defences. */
export const MODELS = ["infected", "FT", "FP", "NAD", "NC", "ANP", "CLP", "FT-SAM", "I-BAU", "PBE"];

/** Each model under each attack: the later in the list, the less accurate and the less attacked. */
export const MANY: readonly EvaluationRow[] = ATTACKS.flatMap((attack, j) =>
  MODELS.map((model, i) => ({ model, attack, acc: 0.94 - 0.01 * i - 0.001 * j, asr: (9 - i) / 10 + j / 100 }))
);
