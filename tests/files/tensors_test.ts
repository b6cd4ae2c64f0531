/**
 * Tensors through files: every element type, on any device, and nothing left when a file is refused.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import { concat, serializeSafetensors } from "../../lib/files/safetensors.ts";
import { load, readTensors, save } from "../../lib/files/tensors.ts";
import { cpu, defaultDevice, OutOfMemoryError } from "../../lib/device/mod.ts";
import { DTYPES, tensor, zeros } from "../../lib/tensor/mod.ts";
import { withFolder } from "../data/folder.ts";

const storages = () => defaultDevice().memory().storages;

Deno.test("save() and load() keep every element type, shape and bit", () =>
  withFolder({}, async (folder) => {
    const before = storages();
    const path = `${folder}/all.safetensors`;
    const made = Object.fromEntries(
      DTYPES.map((dtype) => [dtype, tensor([[1, 0, 3], [0, 5, 6]], { dtype })]),
    );
    made.scalar = tensor(-1.5);
    made.empty = zeros([0, 4]);
    made.odd = tensor([NaN, -0, Infinity]);
    await save(path, made, { metadata: { epoch: "3" } });
    const { tensors, metadata } = await readTensors(new URL(`file://${path}`));
    assertEquals(metadata, { epoch: "3" });
    assertEquals(Object.keys(tensors).toSorted(), Object.keys(made).toSorted());
    for (const [name, one] of Object.entries(made)) {
      const other = tensors[name];
      assertEquals([other.dtype, other.shape], [one.dtype, one.shape]);
      assertEquals(new Uint8Array(other.data().buffer), new Uint8Array(one.data().buffer));
      one.dispose();
      other.dispose();
    }
    assertEquals(storages(), before);
  }));

Deno.test("load() puts tensors on the device it is told, and frees them all when they do not fit", () =>
  withFolder({}, async (folder) => {
    const path = `${folder}/two.safetensors`;
    using a = zeros([1000]);
    using b = zeros([100_000]);
    await save(path, { a, b });
    const device = cpu({ budget: "1 MiB" });
    const { a: near, b: far } = await load(path, { device });
    assertEquals([near.device, far.device], [device, device]);
    near.dispose();
    far.dispose();
    const small = cpu({ budget: "64 KiB" });
    await assertRejects(() => load(path, { device: small }), OutOfMemoryError);
    assertEquals(small.memory().storages, 0);
  }));

Deno.test("load() refuses a file that is missing, cut short, or of a type that there is not", () =>
  withFolder({}, async (folder) => {
    const before = storages();
    const path = `${folder}/model.safetensors`;
    await assertRejects(() => load(path), Error, `load: expected a file at ${path} but found none`);
    using weight = zeros([100]);
    await save(path, { weight });
    await Deno.truncate(path, 300);
    await assertRejects(() => load(path), Error, `load: ${path}: expected 400 bytes of tensors but found`);
    const entry = { name: "x", dtype: "I16", shape: [1], bytes: new Uint8Array(2) } as const;
    await Deno.writeFile(path, concat(serializeSafetensors([entry])));
    await assertRejects(
      () => load(path),
      Error,
      `load: ${path}: expected "x" to be of a type among F32,F16,F64,BF16`,
    );
    assertEquals(storages(), before + 1);
  }));

Deno.test("save() of a freed tensor leaves the old file", () =>
  withFolder({ "model.safetensors": "old" }, async (folder) => {
    const weight = zeros([2]);
    weight.dispose();
    await assertRejects(() => save(`${folder}/model.safetensors`, { weight }), Error, "freed");
    assertEquals(await Deno.readTextFile(`${folder}/model.safetensors`), "old");
  }));
