/**
 * A small GPT that learns on the current device, for tests that train in many ways.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Tensor } from "../../lib/tensor/mod.ts";

/** Sequences and what follows each token, `[N, T]` both. */
export interface Batch {
  x: Tensor;
  y: Tensor;
}

/** See {@linkcode learner}. */
export interface Learner extends Disposable {
  readonly model: ebb.models.Gpt;
  readonly optimizer: ebb.optim.AdamW;
  /** Sequences at random, freed with the learner. */
  draw(sequences: number, tokens?: number): Batch;
  /** The loss of a batch. */
  loss(batch: Batch): Tensor;
  /** A step of training: forward, backward, update; the loss. */
  update(batch: Batch): number;
  /** The loss without a tape. */
  evaluate(batch: Batch): number;
  /** The first elements of every parameter. */
  parameters(): number[];
}

/** Vocabulary, and the longest sequence. */
const [VOCAB, CONTEXT] = [33, 48];

/** Makes one, the same every time. */
export function learner(layers = 3): Learner {
  ebb.seed(11);
  const model = ebb.models.gpt({ vocab: VOCAB, layers, heads: 2, width: 32, context: CONTEXT });
  const optimizer = new ebb.optim.AdamW(model.parameters(), { lr: 1e-2 });
  const batches: Batch[] = [];
  const loss = ({ x, y }: Batch) => ebb.crossEntropy(model.forward(x), y);
  return {
    model,
    optimizer,
    loss,
    draw(sequences, tokens = CONTEXT) {
      const some = () => ebb.keep(ebb.randint(0, VOCAB, [sequences, tokens], { dtype: "int64" }));
      const batch = { x: some(), y: some() };
      batches.push(batch);
      return batch;
    },
    update: (batch) =>
      ebb.scope(() => {
        const value = loss(batch);
        optimizer.zeroGrad();
        value.backward();
        optimizer.step();
        return value.item();
      }),
    evaluate: (batch) => ebb.noGrad(() => ebb.scope(() => loss(batch).item())),
    parameters: () =>
      [...model.parameters()].flatMap((parameter) => [...parameter.data().slice(0, 4)].map(Number)),
    [Symbol.dispose]() {
      for (const { x, y } of batches) {
        x.dispose();
        y.dispose();
      }
      optimizer.dispose();
      model.dispose();
    },
  };
}

/** A step with a scaled loss: no update where gradients overflow. */
export function scaled(learn: Learner, scaler: ebb.optim.GradScaler, batch: Batch): number {
  return ebb.scope(() => {
    const loss = learn.loss(batch);
    learn.optimizer.zeroGrad();
    scaler.scale(loss.mul(1e4)).backward();
    scaler.step(learn.optimizer);
    scaler.update();
    return loss.item();
  });
}

/** A step of several micro-batches whose gradients add up; `interleaved`: one is under way while another begins. */
export function accumulated(learn: Learner, batches: readonly Batch[], interleaved: boolean): number {
  return ebb.scope(() => {
    learn.optimizer.zeroGrad();
    const losses: Tensor[] = [];
    let sum = 0;
    const finish = () => {
      const loss = losses.shift()!;
      loss.backward();
      sum += loss.item();
    };
    for (const batch of batches) {
      losses.push(ebb.scope(() => learn.loss(batch).div(batches.length)));
      if (losses.length > (interleaved ? 1 : 0)) finish();
    }
    while (losses.length > 0) finish();
    learn.optimizer.step();
    return sum;
  });
}

/** A step in which only those blocks run that `runs` says, and the last normalisation is left out on an early exit. */
export function routed(learn: Learner, { x, y }: Batch, runs: readonly boolean[], isEarly: boolean): number {
  return ebb.scope(() => {
    const { tokens, positions, blocks, norm, head } = learn.model;
    let h = tokens.forward(x).add(positions.weight);
    blocks.forEach((block, i) => {
      if (runs[i]) h = block.forward(h);
    });
    const loss = ebb.crossEntropy(head.forward(isEarly ? h : norm.forward(h)).permute([0, 2, 1]), y);
    learn.optimizer.zeroGrad();
    loss.backward();
    learn.optimizer.step();
    return loss.item();
  });
}
