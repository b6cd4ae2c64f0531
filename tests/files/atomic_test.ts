/**
 * Files that are the old ones or the new ones.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { writeAtomically } from "../../lib/files/atomic.ts";

async function inFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesIn = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name);

Deno.test("writeAtomically() replaces a file and leaves no other behind", () =>
  inFolder(async (folder) => {
    const path = `${folder}/model.safetensors`;
    await Deno.writeTextFile(path, "old");
    await writeAtomically(path, [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)]);
    assertEquals(await Deno.readFile(path), Uint8Array.of(1, 2, 3));
    assertEquals(await namesIn(folder), ["model.safetensors"]);
  }));

Deno.test("writeAtomically() leaves the old file when writing fails half-way", () =>
  inFolder(async (folder) => {
    const path = `${folder}/model.safetensors`;
    await Deno.writeTextFile(path, "old");
    function* parts() {
      yield Uint8Array.of(1, 2, 3);
      throw new Error("the machine is on fire");
    }
    const error = await assertRejects(() => writeAtomically(path, parts()), Error, "the machine is on fire");
    assert(error.message.includes(path), error.message);
    assertEquals(await Deno.readTextFile(path), "old");
    assertEquals(await namesIn(folder), ["model.safetensors"]);
  }));

Deno.test("writeAtomically() names the path of a folder that does not exist", () =>
  inFolder(async (folder) => {
    const path = `${folder}/missing/model.safetensors`;
    await assertRejects(
      () => writeAtomically(path, []),
      Error,
      `writeAtomically: expected to write ${path} but found: `,
    );
  }));

Deno.test("writeAtomically() follows a symbolic link and takes a URL", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/real`, "old");
    await Deno.symlink(`${folder}/real`, `${folder}/link`);
    await writeAtomically(new URL(`file://${folder}/link`), [Uint8Array.of(65)]);
    assertEquals(await Deno.readTextFile(`${folder}/real`), "A");
    assert((await Deno.lstat(`${folder}/link`)).isSymlink);
  }));
