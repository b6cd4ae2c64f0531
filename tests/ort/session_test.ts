/**
 * Sessions over memory of ours: run again and again, refused and released.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as ebb from "../../mod.ts";
import {
  addressOf,
  bytesOf,
  GraphBuilder,
  makeValue,
  OrtError,
  releaseValue,
  runtime,
  Session,
} from "../../lib/ort/mod.ts";
import { leakFree } from "../leak.ts";

function doubling(): Session {
  const g = new GraphBuilder();
  g.output("y0", g.node("Mul", [g.input("x0", "float32"), g.scalar(2)]), "float32");
  return new Session(g.finish(), 1, 1);
}

function valueOver(array: Float32Array<ArrayBuffer>, shape: number[]): number {
  const address = addressOf(bytesOf(array) as Uint8Array<ArrayBuffer>);
  return makeValue(runtime().hostMemory, address, array.byteLength, "float32", shape);
}

Deno.test("Session runs over the memory that it is shown, whatever it holds by then", () => {
  const [input, output] = [Float32Array.of(1, 2), new Float32Array(2)];
  const [x, y] = [valueOver(input, [2]), valueOver(output, [2])];
  const session = doubling();
  session.inputs[0] = BigInt(x);
  session.outputs[0] = BigInt(y);
  session.run();
  assertEquals([...output], [2, 4]);
  input.set([5, 7]);
  session.run();
  assertEquals([...output], [10, 14]);
  session.release();
  session.release();
  releaseValue(x);
  releaseValue(y);
});

Deno.test("Session serves every size, and refuses an output of another", () => {
  const session = doubling();
  for (const n of [1, 3, 8]) {
    const [input, output] = [new Float32Array(n).fill(n), new Float32Array(n)];
    const [x, y] = [valueOver(input, [n]), valueOver(output, [n])];
    session.inputs[0] = BigInt(x);
    session.outputs[0] = BigInt(y);
    session.run();
    assertEquals([...output], [...input].map((value) => 2 * value));
    const wrong = valueOver(new Float32Array(n + 1), [n + 1]);
    session.outputs[0] = BigInt(wrong);
    assertThrows(() => session.run(), OrtError);
    for (const value of [x, y, wrong]) releaseValue(value);
  }
  session.release();
});

Deno.test("memory is flat over many steps: bytes of the device equal, the process not larger", () => {
  const device = ebb.cpu();
  leakFree(() => {
    ebb.withDevice(device, () =>
      ebb.scope(() => {
        ebb.seed(1);
        const x = ebb.randn([64, 32]);
        const layers = [[32, 64], [64, 10]].map((shape) => {
          const w = ebb.randn(shape, { requiresGrad: true });
          ebb.noGrad(() => w.mul_(0.1));
          return w;
        });
        const step = () =>
          ebb.scope(() => {
            const loss = x.matmul(layers[0]).relu().matmul(layers[1]).square().sum();
            loss.backward();
            for (const w of layers) {
              ebb.noGrad(() => w.add_(w.grad!.mul(-1e-6)));
              w.grad!.dispose();
              w.grad = null;
            }
            return loss.item();
          });
        const state = () => {
          const { storages, liveBytes, reservedBytes } = device.memory();
          return { storages, liveBytes, reservedBytes };
        };
        const losses: number[] = [];
        for (let i = 0; i < 300; i++) losses.push(step());
        const [settled, resident] = [state(), Deno.memoryUsage().rss];
        for (let i = 0; i < 1700; i++) losses.push(step());
        assertEquals(state(), settled);
        assert(losses.at(-1)! < losses[0], `a loss of ${losses[0]} became ${losses.at(-1)}`);
        const growth = Deno.memoryUsage().rss - resident;
        assert(growth < 16 << 20, `the process grew by ${growth} bytes in 1,700 steps`);
      }));
  }, device);
});
