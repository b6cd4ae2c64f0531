/**
 * What of CUDA is found on a machine, and what is said of the rest: looked for in folders that a test has made.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { neededBy } from "../../lib/ort/cuda/elf.ts";
import { type CudaParts, cudaParts, gpuBuild, remedyFor } from "../../lib/ort/cuda/parts.ts";
import { cudaLack } from "../../lib/ort/cuda/provider.ts";
import { packageFolders } from "../../lib/ort/cuda/python.ts";
import { runtime } from "../../lib/ort/mod.ts";
import { withFolder } from "../data/folder.ts";

const linux = Deno.build.os === "linux";
const CORE = "libonnxruntime.so.1.31.1";
const PROVIDER = "libonnxruntime_providers_cuda.so";

Deno.test({
  name: "neededBy() reads what the loader would load, and refuses what is no library",
  ignore: !linux,
  fn: () =>
    withFolder(
      { "text.so": "no library, but long enough to have a head of sixty-four bytes, or more" },
      (folder) => {
        assert(neededBy(runtime().api.library.path).includes("libc.so.6"));
        assertThrows(() => neededBy(`${folder}/text.so`), Error, "elf: expected a 64-bit shared library");
        assertThrows(() => neededBy(`${folder}/nowhere.so`), Deno.errors.NotFound);
      },
    ),
});

Deno.test("a GPU build is a new enough core with the provider beside it", () =>
  withFolder({}, async (parent) => {
    const packages = ["old", "alone", "whole"].map((name) => `${parent}/${name}`);
    const [old, alone, whole] = packages.map((folder) => `${folder}/onnxruntime/capi`);
    for (const folder of [old, alone, whole]) await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(`${old}/libonnxruntime.so.1.29.0`, "");
    await Deno.writeTextFile(`${old}/${PROVIDER}`, "");
    await Deno.writeTextFile(`${alone}/${CORE}`, "");
    assertEquals(gpuBuild(30, [...packages, `${parent}/nowhere`]), undefined);
    await Deno.writeTextFile(`${whole}/${CORE}`, "");
    await Deno.writeTextFile(`${whole}/${PROVIDER}`, "");
    assertEquals(gpuBuild(30, packages), linux ? `${whole}/${CORE}` : undefined);
  }));

Deno.test({
  name: "what is missing is named, with the one command that brings it",
  ignore: !linux,
  fn: () =>
    withFolder({}, async (folder) => {
      const core = `${folder}/${CORE}`;
      const without = cudaParts(core, []);
      assertEquals([without.provider, without.libraries], [undefined, []]);
      assert(cudaLack(without)!.includes("no CUDA provider beside ONNX Runtime"));
      assertEquals(remedyFor(without), 'pip install "onnxruntime-gpu[cuda,cudnn]" nvidia-cublas');

      await Deno.copyFile(runtime().api.library.path, `${folder}/${PROVIDER}`); // needs nothing of CUDA
      await Deno.writeTextFile(`${folder}/libcufft.so.12`, "");
      const parts = cudaParts(core, [folder]);
      assertEquals(parts.provider, `${folder}/${PROVIDER}`);
      assertEquals(
        parts.libraries.find(({ name }) => name.startsWith("libcufft"))!.path,
        `${folder}/libcufft.so.12`,
      );

      const some: CudaParts = {
        driver: "580.1",
        provider: "p",
        libraries: [
          { name: "libcudart.so.13", path: "r" },
          { name: "libcublas.so.13", path: null },
          { name: "libcublasLt.so.13", path: null },
          { name: "libcudnn.so.9", path: null },
        ],
      };
      assertEquals(cudaLack(some), "no libcublas.so.13, libcublasLt.so.13, libcudnn.so.9");
      assertEquals(remedyFor(some), "pip install nvidia-cublas nvidia-cudnn-cu13");
      const all = { ...some, libraries: some.libraries.slice(0, 1) };
      assertEquals([cudaLack(all), remedyFor(all)], [undefined, undefined]);
    }),
});

Deno.test("an active environment's packages come first", () =>
  withFolder({}, async (folder) => {
    const packages = `${folder}/lib/python3.12/site-packages`;
    await Deno.mkdir(packages, { recursive: true });
    const before = Deno.env.get("VIRTUAL_ENV");
    Deno.env.set("VIRTUAL_ENV", folder);
    try {
      assertEquals(packageFolders()[0], packages);
    } finally {
      if (before === undefined) Deno.env.delete("VIRTUAL_ENV");
      else Deno.env.set("VIRTUAL_ENV", before);
    }
  }));
