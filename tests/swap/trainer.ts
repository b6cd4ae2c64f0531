/**
 * Random training from a seed: a network, and steps of which no two need be alike. Layers are left out, batches grow and
 * shrink, evaluations come in between, steps fail half-way, updates are skipped. With swap and without it the losses
 * must agree in every bit.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";
import type { Swap } from "../../lib/swap/mod.ts";

const STEPS = 7;
const CLASSES = 5;

/** What a step does. */
interface Plan {
  kind: "train" | "evaluate" | "fail" | "skip";
  batch: number;
  /** Layers that run. */
  layers: boolean[];
}

/** The failure that a step of kind `fail` is to have. */
class Planned extends Error {}

/** Trains on `device`; the losses' bits, and how often a step was refused for want of memory. */
export async function train(
  seed: number,
  device: Device,
  swap: Swap | null,
): Promise<{ bits: number[]; refused: number }> {
  const generator = new Generator(seed);
  const pick = (n: number) => generator.int(n);
  const width = 16 + 16 * pick(2);
  const depth = 3 + pick(5);
  const bits: number[] = [];
  let refused = 0;
  await ebb.withDevice(device, async () => {
    ebb.seed(seed);
    const first = new ebb.nn.Linear(width, width);
    const hidden = Array.from({ length: depth }, () =>
      new ebb.nn.Sequential(
        ...(pick(2) === 0 ? [new ebb.nn.LayerNorm(width)] : []),
        new ebb.nn.Linear(width, 2 * width),
        pick(2) === 0 ? new ebb.nn.ReLU() : new ebb.nn.GELU(),
        new ebb.nn.Linear(2 * width, width),
      ));
    const last = new ebb.nn.Linear(width, CLASSES);
    const modules = [first, ...hidden, last];
    const parameters = modules.flatMap((module) => [...module.parameters()]);
    using optimizer = pick(2) === 0
      ? new ebb.optim.Adam(parameters, { lr: 1e-2 })
      : new ebb.optim.SGD(parameters, { lr: 1e-2, momentum: 0.9 });
    const plans = Array.from({ length: STEPS }, (_, i): Plan => ({
      kind: i < 2 ? "train" : (["train", "train", "evaluate", "fail", "skip"] as const)[pick(5)],
      batch: i % 3 === 2 ? 64 * (1 + pick(8)) : 256,
      layers: hidden.map(() => i < 2 || pick(4) > 0),
    }));
    for (const { kind, batch, layers } of plans) {
      using x = ebb.randn([batch, width], { generator });
      using y = ebb.randint(0, CLASSES, [batch], { generator, dtype: "int64" });
      const failsAt = kind === "fail" ? pick(depth) : -1;
      const forward = () => {
        let h = first.forward(x);
        hidden.forEach((layer, i) => {
          if (i === failsAt) throw new Planned("half-way");
          if (layers[i]) h = h.add(layer.forward(h));
        });
        return ebb.crossEntropy(last.forward(h), y);
      };
      const note = (loss: ebb.Tensor) => bits.push(new Uint32Array(loss.data().buffer)[0]);
      const update = () =>
        ebb.scope(() => {
          const loss = forward();
          optimizer.zeroGrad();
          loss.backward();
          if (kind !== "skip") optimizer.step();
          note(loss);
        });
      const evaluate = () => ebb.noGrad(() => ebb.scope(() => note(forward())));
      try {
        if (swap === null) await (kind === "evaluate" ? evaluate : update)();
        else if (kind === "evaluate") await swap.evaluate(evaluate);
        else await swap.step(update);
      } catch (error) {
        if (error instanceof ebb.OutOfMemoryError) refused++;
        else if (!(error instanceof Planned)) throw error;
      }
      if (refused > 0) break;
    }
    // Everything can be read, wherever it is.
    for (const parameter of parameters) {
      bits.push(...new Uint32Array((parameter.data() as Float32Array).buffer).subarray(0, 4));
    }
    for (const module of modules) module.dispose();
  });
  return { bits, refused };
}
