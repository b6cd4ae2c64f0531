/**
 * The trainings of the comparison on a card, in float32 and in float16 with float32 master weights and loss scaling.
 * `torch_side.py` has the same.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Case } from "../case.ts";
import { labels, uniform } from "../values.ts";

/** What a network is like: as large as the field trains them, or so small that a processor has done in no time. */
const SIZES = {
  full: {
    gpt: { vocab: 50_304, layers: 12, heads: 12, width: 768, context: 1024, batch: 8 },
    resnet: { width: 64, batch: 128 },
    mlp: { sizes: [784, 4096, 4096, 10], batch: 512 },
  },
  small: {
    gpt: { vocab: 64, layers: 2, heads: 2, width: 32, context: 32, batch: 4 },
    resnet: { width: 4, batch: 8 },
    mlp: { sizes: [16, 32, 10], batch: 8 },
  },
} as const;

/** How large the networks are: `EBB_SIZE`, full or small. */
export const size = Deno.env.get("EBB_SIZE") === "small" ? "small" : "full";

type Type = "float32" | "float16";

/** A training that is stepped. */
export interface Training extends Case {
  step(): number;
}

/** Trainings by name, made on the device that is the default then. */
export const NETWORKS: Readonly<Record<string, (dtype?: Type) => Training>> = { gpt, resnet, mlp };

/** The same by name and type, as the driver asks for them. */
export const CASES: Readonly<Record<string, () => Training>> = Object.fromEntries(
  Object.entries(NETWORKS).flatMap(([name, make]) =>
    (["float32", "float16"] as const).map((dtype) => [`${name}-${dtype}`, () => make(dtype)])
  ),
);

function training(
  model: ebb.nn.Module,
  make: (parameters: ebb.Tensor[]) => ebb.optim.Optimizer<ebb.optim.CommonOptions>,
  x: ebb.Tensor,
  y: ebb.Tensor,
  dtype: Type,
): Training {
  if (dtype !== "float32") model.to(dtype);
  const optimizer = make(model.parameters());
  const scaler = dtype === "float32" ? null : new ebb.optim.GradScaler();
  return {
    operations: 1,
    step: () =>
      ebb.scope(() => {
        const loss = ebb.crossEntropy(model.forward(x), y);
        optimizer.zeroGrad();
        if (scaler === null) {
          loss.backward();
          optimizer.step();
        } else {
          scaler.scale(loss).backward();
          scaler.step(optimizer);
          scaler.update();
        }
        return loss.item();
      }),
    [Symbol.dispose]() {
      for (const part of [optimizer, model, x, y]) part[Symbol.dispose]();
    },
  };
}

function gpt(dtype: Type = "float32"): Training {
  const { batch, ...options } = SIZES[size].gpt;
  const { vocab, context } = options;
  const ids = (shift: number) =>
    ebb.tensor(Array.from({ length: batch * context }, (_, i) => (i + shift) * 13 % vocab), {
      shape: [batch, context],
      dtype: "int64",
    });
  const model = ebb.models.gpt(options);
  return training(model, (all) => new ebb.optim.AdamW(all, { lr: 1e-4 }), ids(0), ids(1), dtype);
}

function resnet(dtype: Type = "float32"): Training {
  const { width, batch } = SIZES[size].resnet;
  const x = numbers(60, [batch, 3, 32, 32], dtype);
  const model = ebb.models.preactResnet18({ width, classes: 10 });
  return training(
    model,
    (all) => new ebb.optim.SGD(all, { lr: 0.01, momentum: 0.9 }),
    x,
    classes(batch),
    dtype,
  );
}

function mlp(dtype: Type = "float32"): Training {
  const { sizes, batch } = SIZES[size].mlp;
  const x = numbers(10, [batch, sizes[0]], dtype);
  const model = ebb.models.mlp({ sizes: [...sizes] });
  return training(model, (all) => new ebb.optim.AdamW(all, { lr: 1e-4 }), x, classes(batch), dtype);
}

function numbers(seed: number, shape: number[], dtype: Type): ebb.Tensor {
  return ebb.tensor([...uniform(seed, shape.reduce((a, b) => a * b), 1)], { shape, dtype });
}

function classes(n: number): ebb.Tensor {
  return ebb.tensor(labels(n), { shape: [n] });
}
