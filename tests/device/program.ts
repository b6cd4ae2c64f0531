/**
 * Programs of random ops from a seed, and their results as bytes: two runs of one program must agree in every bit.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import type { Device } from "../../lib/device/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";

const SIDE = 12;
const KEPT = 6;

/** One op: its name, and which of the tensors alive it reads. */
export interface Step {
  op: keyof typeof OPS;
  operands: [number, number];
}

/** Ops one after the other. */
export interface Program {
  seed: number;
  steps: Step[];
}

type Binary = (a: ebb.Tensor, b: ebb.Tensor) => ebb.Tensor;

/** All take and give matrices of one size, with values that stay near 1. */
const OPS = {
  add: (a, b) => a.add(b).mul(0.5),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  matmul: (a, b) => a.matmul(b).mul(0.25),
  relu: (a) => a.relu(),
  inPlace: (a, b) => a.mul_(0.5).add_(b),
  view: (a, b) => a.reshape([SIDE * SIDE]).add(b.reshape([SIDE * SIDE])).reshape([SIDE, SIDE]),
  sums: (a) => a.sub(a.sum(0, { keepDim: true }).mul(1 / SIDE)),
  rows: (a, b) =>
    a.reshape([2, SIDE / 2, SIDE]).sum(0).add(b.sum()).mul(0.1).expand([2, SIDE / 2, SIDE])
      .reshape([SIDE, SIDE]),
} satisfies Record<string, Binary>;

/** A program of `length` ops. */
export function randomProgram(seed: number, length: number): Program {
  const generator = new Generator(seed);
  const names = Object.keys(OPS) as (keyof typeof OPS)[];
  const steps = Array.from({ length }, (): Step => ({
    op: names[generator.int(names.length)],
    operands: [generator.int(KEPT), generator.int(KEPT)],
  }));
  return { seed, steps };
}

/**
 * Runs a program on a device; `between` is called before every op with the tensors alive.
 *
 * @returns the results' bits.
 */
export function runProgram(
  { seed, steps }: Program,
  device: Device,
  between: (tensors: readonly ebb.Tensor[], device: Device, generator: Generator) => void = () => {},
): number[] {
  const generator = new Generator(seed, 1);
  const bits: number[] = [];
  ebb.scope(() => {
    const alive = Array.from(
      { length: KEPT },
      () => ebb.randn([SIDE, SIDE], { device, generator, requiresGrad: true }),
    );
    const leaves = [...alive];
    for (const { op, operands: [a, b] } of steps) {
      between(alive, device, generator);
      const run = () => (OPS[op] as Binary)(alive[a], alive[b]);
      // A change in place of what the tape saved would be refused in backward.
      const made = op === "inPlace"
        ? ebb.noGrad(() => (OPS.inPlace as Binary)(alive[a].mul(1), alive[b]))
        : run();
      alive[a] = made;
    }
    between(alive, device, generator);
    const loss = alive.map((tensor) => tensor.square().sum()).reduce((x, y) => x.add(y));
    if (loss.requiresGrad) loss.backward();
    for (const tensor of [...alive, loss, ...leaves.map(({ grad }) => grad)]) {
      if (tensor !== null) bits.push(...new Uint32Array(tensor.data().buffer));
    }
  });
  device.copies.drain();
  assertEquals([device.memory().storages, device.copies.far.liveBytes], [0, 0]);
  return bits;
}
