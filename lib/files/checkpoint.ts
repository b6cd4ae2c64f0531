/**
 * Training checkpoints: one safetensors file with everything that a run needs to go on bit-identically. Tensors and
 * typed arrays are entries of the file, under the path that leads to them; all else is JSON in the file's notes.
 *
 * @module
 */
import { fromHost } from "../tensor/create.ts";
import type { HostArray } from "../tensor/dtype.ts";
import { defaultGenerator } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { writeAtomically } from "./atomic.ts";
import { pathName, readFile } from "./read.ts";
import { parseSafetensors, type SafetensorsEntry, serializeSafetensors } from "./safetensors.ts";
import { arrayEntry, arrayOf, tensorEntry } from "./entries.ts";

/** Something with a state: a module, an optimizer, a scheduler, a loss scaler. */
export interface Stateful {
  /** Its state: tensors, typed arrays and plain data. */
  stateDict(): unknown;
  /** Goes on from a state. */
  // deno-lint-ignore no-explicit-any
  loadStateDict(state: any): unknown;
}

/** A loader, as far as a checkpoint is concerned. */
export interface Resumable {
  /** Where it stands, as plain data. */
  state(): unknown;
  /** Goes on from there. */
  // deno-lint-ignore no-explicit-any
  load(state: any): void;
}

/** What a checkpoint is made of: things with a state, and plain data such as the number of steps. */
export type CheckpointParts = Record<string, unknown>;

/** The note that holds what is JSON. */
const NOTE = "ebb.checkpoint";

interface Contents {
  /** States, with references to entries in place of tensors and arrays. */
  parts: Record<string, unknown>;
  /** Plain data of the user. */
  data: Record<string, unknown>;
  /** State of the library's generator. */
  generator: number[];
}

/**
 * Writes the states of what is given to one file, and that of the random generator which `seed` sets. States are those
 * of the time of the call; a crash while writing leaves the file that was there before.
 *
 * @param parts by name: modules, optimizers, schedulers, loss scalers, loaders, and plain data that JSON can hold
 * @throws {Error} when the file cannot be written: a sentence with its path.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * using model = new ebb.nn.Linear(2, 1);
 * using optimizer = new ebb.optim.AdamW(model.parameters());
 * await ebb.saveCheckpoint(path, { model, optimizer, step: 3 });
 *
 * using again = new ebb.nn.Linear(2, 1);
 * using other = new ebb.optim.AdamW(again.parameters());
 * const { step } = await ebb.loadCheckpoint(path, { model: again, optimizer: other });
 * assertEquals([step, again.weight.toArray()], [3, model.weight.toArray()]);
 * await Deno.remove(path);
 * ```
 */
export async function saveCheckpoint(path: string | URL, parts: CheckpointParts): Promise<void> {
  const entries: SafetensorsEntry[] = [];
  const contents: Contents = { parts: {}, data: {}, generator: defaultGenerator().state() };
  for (const [name, part] of Object.entries(parts)) {
    if (isStateful(part)) contents.parts[name] = written(name, part.stateDict(), entries);
    else if (isResumable(part)) contents.parts[name] = written(name, part.state(), entries);
    else contents.data[name] = part;
  }
  const file = serializeSafetensors(entries, { [NOTE]: JSON.stringify(contents) });
  await writeAtomically(path, file, "saveCheckpoint");
}

/**
 * Reads a checkpoint into things made as those were that it was written from: modules of the same layers, optimizers of
 * the same kinds. Parts of the file that are not asked for are left. The random generator goes on where it stood.
 *
 * @returns the plain data of the file, by name.
 * @throws {Error} when the file is missing, cut short or no checkpoint, or a part is not in it or does not fit: that part
 * stays as it was, those named before it are loaded.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * using model = new ebb.nn.Linear(2, 1);
 * await ebb.saveCheckpoint(path, { model, epoch: 3 });
 * using next = ebb.rand([2]); // what the run draws next
 *
 * const { epoch } = await ebb.loadCheckpoint(path); // nothing but plain data, and the generator
 * using again = ebb.rand([2]);
 * assertEquals([epoch, again.toArray()], [3, next.toArray()]);
 * using optimizer = new ebb.optim.AdamW(model.parameters());
 * await assertRejects(() => ebb.loadCheckpoint(path, { optimizer }), Error, 'expected "optimizer"');
 * await Deno.remove(path);
 * ```
 */
export async function loadCheckpoint(
  path: string | URL,
  parts: Record<string, Stateful | Resumable> = {},
): Promise<Record<string, unknown>> {
  const name = `loadCheckpoint: ${pathName(path)}`;
  const { entries, metadata } = parseSafetensors(await readFile("loadCheckpoint", path), name);
  const contents = contentsOf(name, metadata[NOTE]);
  const missing = Object.keys(parts).filter((part) => !Object.hasOwn(contents.parts, part));
  if (missing.length > 0) {
    const quoted = (names: string[]) => names.map((part) => `"${part}"`).join(", ") || "none";
    throw new Error(`${name}: expected ${quoted(missing)} but found ${quoted(Object.keys(contents.parts))}`);
  }
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  for (const [key, part] of Object.entries(parts)) {
    const made: Tensor[] = [];
    try {
      const state = read(name, contents.parts[key], byName, made);
      if (isStateful(part)) part.loadStateDict(state);
      else part.load(state);
    } finally {
      for (const tensor of made) tensor.dispose();
    }
  }
  defaultGenerator().restore(contents.generator);
  return contents.data;
}

function isStateful(part: unknown): part is Stateful {
  return typeof (part as Stateful)?.stateDict === "function";
}

function isResumable(part: unknown): part is Resumable {
  return typeof (part as Resumable)?.state === "function";
}

/** How an entry is referred to in the tree. */
type Reference = { "ebb.tensor": string } | { "ebb.array": string };

function isReference(value: unknown): value is Reference {
  return typeof value === "object" && value !== null && ("ebb.tensor" in value || "ebb.array" in value);
}

/** A state with references; what they refer to becomes entries. */
function written(path: string, value: unknown, entries: SafetensorsEntry[]): unknown {
  if (value instanceof Tensor) {
    entries.push(tensorEntry(path, value));
    return { "ebb.tensor": path };
  }
  if (ArrayBuffer.isView(value)) {
    entries.push(arrayEntry(path, value as HostArray));
    return { "ebb.array": path };
  }
  if (Array.isArray(value)) return value.map((item, i) => written(`${path}.${i}`, item, entries));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, written(`${path}.${name}`, item, entries)]),
  );
}

/** The state again; tensors are added to `made`. */
function read(
  name: string,
  value: unknown,
  entries: Map<string, SafetensorsEntry>,
  made: Tensor[],
): unknown {
  if (isReference(value)) {
    const isTensor = "ebb.tensor" in value;
    const path = isTensor ? value["ebb.tensor"] : value["ebb.array"];
    const entry = entries.get(path);
    if (entry === undefined) throw new Error(`${name}: expected a tensor "${path}" but found none`);
    const { array, shape, dtype } = arrayOf(name, entry);
    if (!isTensor) return array;
    const tensor = fromHost(array, shape, { dtype });
    made.push(tensor);
    return tensor;
  }
  if (Array.isArray(value)) return value.map((item) => read(name, item, entries, made));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, read(name, item, entries, made)]),
  );
}

function contentsOf(name: string, note: string | undefined): Contents {
  if (note === undefined) {
    throw new Error(`${name}: expected a checkpoint but found a file of tensors; load() reads those`);
  }
  return JSON.parse(note);
}
