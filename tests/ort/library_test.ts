/**
 * Which ONNX Runtime is opened, and what is said of a file that is none. A process opens one library for good, so each
 * attempt is a process of its own.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ONNXRUNTIME, ORT_API_VERSION } from "../../lib/deps.ts";
import { libraryPath, openLibrary } from "../../lib/ort/library.ts";

const MOD = new URL("../../mod.ts", import.meta.url).href;

/** Trains one step with the library `path`; what is printed last. */
async function train(path: string): Promise<string> {
  const program = `
    import * as ebb from ${JSON.stringify(MOD)};
    try {
      const x = ebb.tensor([[1, 2]]), w = ebb.tensor([[3], [4]], { requiresGrad: true });
      ebb.matmul(x, w).square().sum().backward();
      console.log(JSON.stringify(w.grad.toArray()));
    } catch (error) {
      console.log(error.message);
    }
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    env: { NO_COLOR: "1", EBB_ONNXRUNTIME: path },
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

const SENTENCE = "onnxruntime: expected a shared library of ONNX Runtime at";

Deno.test("EBB_ONNXRUNTIME naming a file that is not there gives a sentence", async () => {
  const said = await train("/nowhere/libonnxruntime.so");
  assert(said.startsWith(`${SENTENCE} "/nowhere/libonnxruntime.so" but found none that opens (`), said);
  assert(said.endsWith("set EBB_ONNXRUNTIME to the path of libonnxruntime"), said);
});

Deno.test("EBB_ONNXRUNTIME naming a file that is no library gives a sentence", async () => {
  const said = await train(new URL(import.meta.url).pathname);
  assert(said.startsWith(SENTENCE) && said.includes("but found none that opens ("), said);
});

Deno.test({
  name: "EBB_ONNXRUNTIME naming a library that is not ONNX Runtime gives a sentence",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const said = await train("libm.so.6");
    assert(said.startsWith(`${SENTENCE} "libm.so.6" but found none that opens (`), said);
    assert(said.includes("OrtGetApiBase"), said);
  },
});

/** Runs `fn` while every library that is opened says that it is ONNX Runtime of this version. */
function pretending(version: string, fn: () => void): void {
  const text = new TextEncoder().encode(version + "\0");
  const getVersion = new Deno.UnsafeCallback(
    { parameters: [], result: "pointer" },
    () => Deno.UnsafePointer.of(text),
  );
  const getApi = new Deno.UnsafeCallback({ parameters: ["u32"], result: "pointer" }, () => null);
  const base = new BigUint64Array(
    [getApi, getVersion].map(({ pointer }) => Deno.UnsafePointer.value(pointer)),
  );
  const dlopen = Deno.dlopen;
  let closed = false;
  const fake = { symbols: { OrtGetApiBase: () => Deno.UnsafePointer.of(base) }, close: () => closed = true };
  Object.assign(Deno, { dlopen: () => fake });
  try {
    fn();
    assert(closed, "a library that is refused is closed");
  } finally {
    Object.assign(Deno, { dlopen });
    getVersion.close();
    getApi.close();
  }
}

Deno.test("a library that is too old is refused with both versions", () => {
  pretending("1.17.3", () => {
    assertThrows(
      () => openLibrary("/old/libonnxruntime.so"),
      Error,
      `onnxruntime: expected version 1.${ORT_API_VERSION} or newer but found 1.17.3 at "/old/libonnxruntime.so"; ` +
        `${ONNXRUNTIME} is the one Ebb is tested with`,
    );
  });
});

Deno.test("a library that has no such table of functions is refused", () => {
  pretending("1.99.0", () => {
    assertThrows(() => openLibrary("/odd/libonnxruntime.so"), Error, "but found 1.99.0 at");
  });
});

Deno.test({
  name: "the library of the npm package is found by itself, in the version that is pinned",
  ignore: Deno.env.has("EBB_ONNXRUNTIME"),
  fn: () => {
    assert(libraryPath().includes("onnxruntime-node"), libraryPath());
    const { version, handle } = openLibrary();
    handle.close();
    assertEquals(version, ONNXRUNTIME);
  },
});

/** The library inside Python's package, if `EBB_TEST_PYTHON` (default `python3`) has it. */
async function pythonLibrary(): Promise<string | undefined> {
  const script = "import onnxruntime, pathlib; " +
    "print(*pathlib.Path(onnxruntime.__file__).parent.glob('capi/libonnxruntime.*[0-9]'))";
  try {
    const { success, stdout } = await new Deno.Command(Deno.env.get("EBB_TEST_PYTHON") ?? "python3", {
      args: ["-c", script],
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim().split(" ")[0] || undefined : undefined;
  } catch {
    return undefined;
  }
}

const python = await pythonLibrary();

Deno.test({
  name: `the library inside Python's onnxruntime package works${
    python ? "" : " (skipped: python3 has no onnxruntime; name one that has with EBB_TEST_PYTHON)"
  }`,
  ignore: python === undefined,
  fn: async () => assertEquals(await train(python!), "[[22],[44]]"),
});
