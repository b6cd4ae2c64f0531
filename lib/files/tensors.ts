/**
 * Tensors in files: `save` and `load` in the safetensors format, which PyTorch, JAX and others read and write too.
 *
 * @module
 */
import type { Device } from "../device/mod.ts";
import { fromHost } from "../tensor/create.ts";
import { type DType, hostArray } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writeAtomically } from "./atomic.ts";
import { pathName, readFile } from "./read.ts";
import {
  parseSafetensors,
  type SafetensorsEntry,
  type SafetensorsType,
  serializeSafetensors,
} from "./safetensors.ts";

const TYPES: Record<DType, SafetensorsType> = {
  float32: "F32",
  float16: "F16",
  float64: "F64",
  bfloat16: "BF16",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
  bool: "BOOL",
};
const DTYPES = new Map(Object.entries(TYPES).map(([dtype, type]) => [type, dtype as DType]));

/** What a file of tensors holds. */
export interface TensorFile {
  /** The tensors by their names. */
  readonly tensors: Record<string, Tensor>;
  /** The writer's notes; `{}` if it left none. */
  readonly metadata: Record<string, string>;
}

/**
 * Writes tensors to a safetensors file. Their contents are those of the time of the call; a crash while writing leaves
 * the file that was there before.
 *
 * @param path where to, usually ending in `.safetensors`
 * @param tensors by the names that they are to have
 * @param options `metadata`: texts to keep with them
 * @throws {Error} If a tensor was freed, or the file cannot be written: a sentence with its path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * using weight = ebb.tensor([[1, 2], [3, 4]]);
 * await ebb.save(path, { weight });
 * const read = await ebb.load(path);
 * assertEquals(read.weight.toArray(), [[1, 2], [3, 4]]);
 * read.weight.dispose();
 * await Deno.remove(path);
 * ```
 */
export async function save(
  path: string | URL,
  tensors: Record<string, Tensor>,
  options: { metadata?: Record<string, string> } = {},
): Promise<void> {
  const entries = Object.entries(tensors).map(([name, tensor]): SafetensorsEntry => {
    const bytes = new Uint8Array(tensor.data().buffer);
    return { name, dtype: TYPES[tensor.dtype], shape: tensor.shape, bytes };
  });
  await writeAtomically(path, serializeSafetensors(entries, options.metadata), "save");
}

/**
 * Reads the tensors of a safetensors file.
 *
 * @param options `device`: where to put them; default the default device
 * @returns the tensors by their names; they live until they are freed
 * @throws {Error} If the file is missing, cut short, foreign or contradicts itself, or has a tensor of a type that there
 * is not here: a sentence with its path and the numbers.
 */
export async function load(
  path: string | URL,
  options: { device?: Device } = {},
): Promise<Record<string, Tensor>> {
  return (await readTensors(path, options)).tensors;
}

/** As {@linkcode load}, with the file's notes. */
export async function readTensors(
  path: string | URL,
  options: { device?: Device } = {},
): Promise<TensorFile> {
  const name = `load: ${pathName(path)}`;
  const { entries, metadata } = parseSafetensors(await readFile("load", path), name);
  for (const { name: key, dtype } of entries) {
    if (!DTYPES.has(dtype)) {
      throw new Error(
        `${name}: expected "${key}" to be of a type among ${[...DTYPES.keys()]} but found ${dtype}`,
      );
    }
  }
  const tensors: [string, Tensor][] = [];
  try {
    for (const { name: key, dtype: type, shape, bytes } of entries) {
      const dtype = DTYPES.get(type)!;
      // A copy is aligned, as a typed array must be and a foreign file need not.
      const array = hostArray(dtype, new Uint8Array(bytes).buffer);
      tensors.push([key, fromHost(array, shape, { dtype, device: options.device })]);
    }
  } catch (error) {
    for (const [, tensor] of tensors) tensor.dispose();
    throw error;
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}
