/**
 * Tensors in files: `save` and `load` in the safetensors format, which PyTorch, JAX and others read and write too.
 *
 * @module
 */
import type { Device } from "../device/mod.ts";
import { fromHost } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { writeAtomically } from "./atomic.ts";
import { arrayOf, tensorEntry } from "./entries.ts";
import { pathName, readFile } from "./read.ts";
import { parseSafetensors, serializeSafetensors } from "./safetensors.ts";

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
  const entries = Object.entries(tensors).map(([name, tensor]) => tensorEntry(name, tensor));
  await writeAtomically(path, serializeSafetensors(entries, options.metadata), "save");
}

/**
 * Reads the tensors of a safetensors file.
 *
 * @param options `device`: where to put them; default the default device
 * @returns the tensors by their names; they live until they are freed
 * @throws {Error} If the file is missing, cut short, foreign or contradicts itself, or has a tensor of a type that there
 * is not here: a sentence with its path and the numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * using trained = new ebb.nn.Linear(2, 1);
 * await ebb.save(path, trained.stateDict());
 *
 * using model = new ebb.nn.Linear(2, 1);
 * const weights = await ebb.load(path);
 * model.loadStateDict(weights); // copies
 * for (const tensor of Object.values(weights)) tensor.dispose();
 * assertEquals(model.weight.toArray(), trained.weight.toArray());
 * await Deno.remove(path);
 * ```
 */
export async function load(
  path: string | URL,
  options: { device?: Device } = {},
): Promise<Record<string, Tensor>> {
  return (await readTensors(path, options)).tensors;
}

/**
 * As {@linkcode load}, with the file's notes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * using mean = ebb.tensor([0.1307]);
 * await ebb.save(path, { mean }, { metadata: { data: "MNIST", format: "pt" } });
 * const { tensors, metadata } = await ebb.readTensors(path);
 * assertEquals([Object.keys(tensors), metadata.data], [["mean"], "MNIST"]);
 * tensors.mean.dispose();
 * await Deno.remove(path);
 * ```
 */
export async function readTensors(
  path: string | URL,
  options: { device?: Device } = {},
): Promise<TensorFile> {
  const name = `load: ${pathName(path)}`;
  const { entries, metadata } = parseSafetensors(await readFile("load", path), name);
  const arrays = entries.map((entry) => [entry.name, arrayOf(name, entry)] as const);
  const tensors: [string, Tensor][] = [];
  try {
    for (const [key, { array, shape, dtype }] of arrays) {
      tensors.push([key, fromHost(array, shape, { dtype, device: options.device })]);
    }
  } catch (error) {
    for (const [, tensor] of tensors) tensor.dispose();
    throw error;
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}
