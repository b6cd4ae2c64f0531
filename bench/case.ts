/**
 * What a case of the benchmark is. The cases themselves are in `cases.ts`; PyTorch and jax-js have the same ones in
 * `peers/`.
 *
 * @module
 */

/** Something that is timed, with a number by which libraries are compared. */
export interface Case extends Disposable {
  /** Runs once; what it computes lies ready when it returns. A training step gives its loss. */
  step(): number | void | Promise<number | void>;
  /** How often the operation runs in a step; 1 unless it is too short to be timed alone. */
  readonly operations: number;
  /** The number to compare. Not there for training: then it is the loss of the fifth step. */
  check?(): number | Promise<number>;
}

/** Steps of training after which losses are compared. */
const STEPS = 5;

/** The number by which `of` is compared with other libraries. Training goes five steps on. */
export async function checkValue(of: Case): Promise<number> {
  if (of.check) return await of.check();
  let loss = NaN;
  for (let i = 0; i < STEPS; i++) loss = await of.step() as number;
  return loss;
}
