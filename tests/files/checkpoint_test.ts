/**
 * Checkpoints: a run that goes on from one is the run that was never interrupted.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import * as ebb from "../../mod.ts";
import { leakFree } from "../leak.ts";

const { nn, optim } = ebb;

async function temporary<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Everything that takes part in a run of six steps with noise, momentum, batch statistics and a falling rate. */
function experiment(data: ebb.data.Dataset) {
  const model = new nn.Sequential(
    new nn.Linear(4, 8),
    new nn.BatchNorm1d(8),
    new nn.ReLU(),
    new nn.Linear(8, 1),
  );
  const optimizer = new optim.AdamW(model.parameters(), { lr: 0.1 });
  const scheduler = new optim.Scheduler(optimizer, optim.cosine(6));
  const scaler = new optim.GradScaler({ scale: 8, growthInterval: 2 });
  const loader = ebb.data.loader(data, { batchSize: 5, shuffle: true, steps: 6 });
  return {
    parts: { model, optimizer, scheduler, scaler, loader },
    [Symbol.dispose]: () => {
      model.dispose();
      optimizer.dispose();
    },
  };
}

type Parts = ReturnType<typeof experiment>["parts"];

/** Trains until `last` steps are done in all; the losses. */
async function train(
  { model, optimizer, scheduler, scaler, loader }: Parts,
  last: number,
): Promise<number[]> {
  const losses: number[] = [];
  for await (const [x] of loader) {
    ebb.scope(() => {
      const loss = model.forward(x.add(ebb.randn(x.shape))).square().sum();
      optimizer.zeroGrad();
      scaler.scale(loss).backward();
      scaler.step(optimizer);
      scaler.update();
      scheduler.step();
      losses.push(loss.item());
    });
    if (scheduler.steps === last) break;
  }
  optimizer.zeroGrad();
  return losses;
}

Deno.test("a run continues bit-identically from a checkpoint", () =>
  leakFree(() =>
    temporary(async (path) => {
      ebb.seed(11);
      using x = ebb.randn([20, 4]);
      const data = ebb.data.fromTensors([x]);
      const run = async (interrupted: boolean) => {
        ebb.seed(12);
        using first = experiment(data);
        const losses = await train(first.parts, interrupted ? 3 : 6);
        if (!interrupted) return [losses, String(first.parts.model.at(0)!.parameters()[0].data())];
        await ebb.saveCheckpoint(path, { ...first.parts, step: 3, note: { lr: 0.1, names: ["a"] } });
        ebb.seed(99);
        using second = experiment(data);
        const rest = await ebb.loadCheckpoint(path, second.parts);
        assertEquals(rest, { step: 3, note: { lr: 0.1, names: ["a"] } });
        losses.push(...await train(second.parts, 6));
        return [losses, String(second.parts.model.at(0)!.parameters()[0].data())];
      };
      assertEquals(await run(true), await run(false));
    })
  ));

Deno.test("a checkpoint's parts can be read alone, and its model by load()", () =>
  leakFree(() =>
    temporary(async (path) => {
      using model = new nn.Linear(2, 2);
      using optimizer = new optim.SGD(model.parameters());
      await ebb.saveCheckpoint(path, { model, optimizer });
      using again = new nn.Linear(2, 2);
      assertEquals(await ebb.loadCheckpoint(path, { model: again }), {});
      assertEquals(again.weight.toArray(), model.weight.toArray());
      const tensors = await ebb.load(path);
      assertEquals(tensors["model.weight"].toArray(), model.weight.toArray());
      for (const tensor of Object.values(tensors)) tensor.dispose();
    })
  ));

Deno.test("a file that is no checkpoint, or not of these parts, is refused", () =>
  leakFree(() =>
    temporary(async (path) => {
      using model = new nn.Linear(2, 2);
      using other = new nn.Linear(3, 2);
      const state = ebb.defaultGenerator().state();
      await ebb.save(path, model.stateDict());
      await assertRejects(
        () => ebb.loadCheckpoint(path, { model }),
        Error,
        "expected a checkpoint but found a file of",
      );
      await ebb.saveCheckpoint(path, { model });
      await assertRejects(
        () => ebb.loadCheckpoint(path, { net: model }),
        Error,
        'expected "net" but found "model"',
      );
      await assertRejects(
        () => ebb.loadCheckpoint(path, { model: other }),
        Error,
        '"weight" of shape [2, 2]',
      );
      assertEquals(ebb.defaultGenerator().state(), state);
    })
  ));
