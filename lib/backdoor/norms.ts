/**
 * The batch norms of a model, and what its statistics are for a time.
 *
 * @module
 */
import { BatchNorm1d, BatchNorm2d } from "../nn/layers/batch_norm.ts";
import type { Module } from "../nn/module.ts";
import { fill_ } from "../tensor/ops/mod.ts";
import { noGrad } from "../tensor/tape.ts";

/** A batch norm. */
export type Norm = BatchNorm1d | BatchNorm2d;

/** The batch norms inside a model, in its own order. */
export function normsOf(model: Module): Norm[] {
  return model.modules().filter((module) => module instanceof BatchNorm1d || module instanceof BatchNorm2d);
}

/** Has batch norm take its batch's statistics and leave the running ones as they are. Its mode stays in training. */
export function withBatchStatistics<T>(model: Module, fn: () => T): T {
  const norms = normsOf(model);
  const momenta = norms.map((norm) => norm.momentum);
  const counts = norms.map(({ numBatchesTracked }) => numBatchesTracked?.item() ?? 0);
  for (const norm of norms) [norm.training, norm.momentum] = [true, 0];
  try {
    return fn();
  } finally {
    norms.forEach((norm, i) => {
      norm.momentum = momenta[i];
      const { numBatchesTracked } = norm;
      if (numBatchesTracked !== null) noGrad(() => fill_(numBatchesTracked, counts[i]));
    });
  }
}
