/**
 * An optimizer's state as plain data on the host: settings of each group, and per parameter the number of updates and
 * the vectors that are remembered. Independent of how parameters were put into buckets, and of devices.
 *
 * @module
 */
import { fromHost } from "../tensor/create.ts";
import { type DType, type HostArray, hostArray } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Entry, isHalf, newEntries } from "./bucket.ts";

/** What is remembered of one parameter. */
export interface ParameterState {
  /** Updates so far. */
  steps: number;
  /** Vectors by name, one element for each of the parameter's. */
  vectors: Record<string, HostArray>;
}

/** An optimizer's state. */
export interface OptimizerState {
  /** Kind, such as `AdamW`. */
  optimizer: string;
  /** The parameter groups, in order; null stands for a parameter that was never updated. */
  groups: { options: Record<string, unknown>; parameters: (ParameterState | null)[] }[];
}

interface Written {
  params: readonly Tensor[];
  options: object;
  /** Names of the vectors of state. */
  vectors: readonly string[];
  entries: readonly Entry[];
}

/** The name under which a 16-bit parameter's float32 copy is kept. */
const MASTER = "master";

/** The state of an optimizer of kind `name`. */
export function writeState(name: string, groups: readonly Written[]): OptimizerState {
  return {
    optimizer: name,
    groups: groups.map(({ params, options, vectors, entries }) => ({
      options: structuredClone(options) as Record<string, unknown>,
      parameters: params.map((parameter) => {
        const own = entries.filter((entry) => entry.parameter === parameter);
        return own.length === 0 ? null : parameterState(own, vectors);
      }),
    })),
  };
}

function parameterState(pieces: readonly Entry[], vectors: readonly string[]): ParameterState {
  const state: ParameterState = { steps: pieces[0].steps, vectors: {} };
  const whole = (parts: Tensor[]) => {
    const array = hostArray(parts[0].dtype, parts.reduce((sum, { size }) => sum + size, 0));
    let at = 0;
    for (const part of parts) {
      (array as Float32Array).set(part.data() as Float32Array, at);
      at += part.size;
    }
    return array;
  };
  vectors.forEach((vector, i) => state.vectors[vector] = whole(pieces.map((piece) => piece.state[i])));
  if (pieces[0].master !== null) state.vectors[MASTER] = whole([pieces[0].master]);
  return state;
}

interface Read<O> {
  options: O;
  entries: Entry[];
}

/**
 * A state as entries on the parameters' devices, with the settings of each group.
 *
 * @param vectorsOf names of the vectors under given settings
 * @throws {Error} when the state is not of an optimizer of this kind and these parameters.
 */
export function readState<O extends object>(
  name: string,
  groups: readonly { params: readonly Tensor[]; options: O }[],
  vectorsOf: (options: O) => readonly string[],
  state: OptimizerState,
): Read<O>[] {
  const fail = (expected: string, found: string): never => {
    throw new Error(`${name}.loadStateDict: expected ${expected} but found ${found}`);
  };
  if (state?.optimizer !== name) fail(`the state of ${name}`, state?.optimizer ?? "none");
  if (state.groups.length !== groups.length) fail(`${groups.length} groups`, `${state.groups.length}`);
  return groups.map(({ params, options }, index) => {
    const group = state.groups[index];
    if (group.parameters.length !== params.length) {
      fail(`${params.length} parameters in group ${index}`, `${group.parameters.length}`);
    }
    const settings = { ...options, ...structuredClone(group.options) };
    const names = vectorsOf(settings);
    const entries = params.flatMap((parameter, i) => {
      const known = group.parameters[i];
      if (known === null) return [];
      const type: DType = isHalf(parameter.dtype) ? "float32" : parameter.dtype;
      const wanted = isHalf(parameter.dtype) ? [...names, MASTER] : names;
      for (const vector of wanted) {
        const found = known.vectors[vector];
        if (found?.length !== parameter.size || found.constructor !== hostArray(type, 0).constructor) {
          const what = found === undefined ? "none" : `${found.constructor.name} of ${found.length}`;
          fail(`"${vector}" of parameter ${i} as ${parameter.size} elements of ${type}`, what);
        }
      }
      const part = (vector: string, from: number, size: number) =>
        fromHost(known.vectors[vector].subarray(from, from + size) as HostArray, [size], {
          dtype: type,
          device: parameter.device,
        });
      return newEntries(parameter).map((entry): Entry => ({
        ...entry,
        steps: known.steps,
        state: names.map((vector) => part(vector, entry.from, entry.size)),
        master: isHalf(parameter.dtype) ? part(MASTER, 0, entry.size) : null,
      }));
    });
    return { options: settings, entries };
  });
}
