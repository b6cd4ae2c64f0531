/**
 * Traces made by hand and at random.
 *
 * @module
 */
import type { Trace, TracedStorage } from "../../lib/swap/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";

/** A trace of `ops` ops of 1 ms each, the second half of which is the backward pass. */
export function traceOf(ops: number, storages: readonly TracedStorage[], temporaries = 0): Trace {
  return {
    names: ["op"],
    ops: new Array(ops).fill(0),
    phases: Array.from({ length: ops }, (_, i) => i < ops / 2 ? 0 : 1),
    temporaries: new Array(ops).fill(temporaries),
    opMs: null,
    stepMs: ops,
    storages,
  };
}

/** A step of a chain of layers: what op `i` saves, op `ops − 1 − i` reads; parameters are used in both. */
export function chain(layers: number, bytes: number, parameterBytes: number): Trace {
  const ops = 2 * layers;
  const parameters = Array.from({ length: layers }, (_, i): TracedStorage => ({
    bytes: parameterBytes,
    born: -1,
    died: ops,
    uses: [i, ops - 1 - i],
    origin: i,
  }));
  const saved = Array.from({ length: layers }, (_, i): TracedStorage => ({
    bytes,
    born: i,
    died: ops - 1 - i,
    uses: i + 1 < layers ? [i, i + 1, ops - 1 - i] : [i, ops - 1 - i],
    origin: -1,
  }));
  return traceOf(ops, [...parameters, ...saved]);
}

/** Storages that come, are used and go at random; some outlive the step, as themselves or as another. */
export function randomTrace(seed: number): Trace {
  const generator = new Generator(seed);
  const ops = 20 + generator.int(60);
  const storages: TracedStorage[] = [];
  const between = (low: number, high: number) => low + generator.int(Math.max(1, high - low));
  const usesOf = (from: number, to: number) =>
    Array.from({ length: ops }, (_, i) => i).filter((i) => i >= from && i <= to && generator.int(6) === 0);
  for (let i = 0; i < 10 + generator.int(50); i++) {
    const bytes = 64 * (1 + generator.int(2000));
    const born = generator.int(4) === 0 ? -1 : generator.int(ops);
    const outlives = generator.int(3) === 0;
    const died = outlives ? ops : between(Math.max(0, born), ops);
    const uses = usesOf(born, Math.min(died, ops - 1));
    if (born >= 0 && uses[0] !== born) uses.unshift(born);
    const index = storages.length;
    storages.push({ bytes, born, died, uses, origin: born < 0 && outlives ? index : -1 });
    if (born >= 0 && outlives) {
      // The one of the step before, which goes in this step.
      const end = generator.int(ops);
      storages.push({ bytes, born: -1, died: end, uses: usesOf(0, end), origin: index });
    }
  }
  return { ...traceOf(ops, storages), temporaries: Array.from({ length: ops }, () => generator.int(50_000)) };
}
