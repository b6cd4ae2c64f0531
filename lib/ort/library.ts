/**
 * Finds and opens ONNX Runtime's shared library: the file named by `EBB_ONNXRUNTIME`; where there is an NVIDIA driver, the
 * GPU build inside a Python package; or else the one inside the npm package `onnxruntime-node` (its install script is not
 * needed, nor its JavaScript binding). Any build of ONNX Runtime works, as long as its C API is new enough.
 *
 * @module
 */
import { ONNXRUNTIME, ORT_API_VERSION } from "../deps.ts";
import { driverVersion, gpuBuild } from "./cuda/parts.ts";
// Importing the package's manifest makes Deno fetch the package; the specifier must be a literal.
import manifest from "npm:onnxruntime-node@1.30.0/package.json" with { type: "json" };

/** The opened library: where it lies, which version it is, and its table of functions. */
export interface Library {
  /** Path of the shared library. */
  readonly path: string;
  /** ONNX Runtime's version, such as `1.30.0`. */
  readonly version: string;
  /** `OrtApi`, the table of function pointers. */
  readonly table: Deno.UnsafePointerView;
  /** Keeps the library loaded. */
  readonly handle: Deno.DynamicLibrary<{ OrtGetApiBase: { parameters: []; result: "pointer" } }>;
}

/**
 * Path of the library that Ebb opens: `EBB_ONNXRUNTIME` if set (`npm` names the npm package's), else a GPU build that this
 * machine can use, else the file inside the npm package.
 *
 * @throws {Error} when the npm package has no library for this operating system and processor.
 */
export function libraryPath(): string {
  const named = Deno.env.get("EBB_ONNXRUNTIME");
  if (named && named !== "npm") return named;
  const gpu = named || driverVersion() === undefined ? undefined : gpuBuild(ORT_API_VERSION);
  if (gpu !== undefined) return gpu;
  if (manifest.version !== ONNXRUNTIME) {
    throw new Error(`onnxruntime: expected package version ${ONNXRUNTIME} but found ${manifest.version}`);
  }
  const os = { linux: "linux", darwin: "darwin", windows: "win32" }[Deno.build.os as string];
  const cpu = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const file =
    { linux: "libonnxruntime.so.1", darwin: "libonnxruntime.1.dylib", win32: "onnxruntime.dll" }[os ?? ""];
  if (file === undefined) {
    throw new Error(
      `onnxruntime: the npm package has no library for ${Deno.build.os}; name one with EBB_ONNXRUNTIME`,
    );
  }
  const folder = new URL(".", import.meta.resolve("npm:onnxruntime-node@1.30.0/package.json"));
  const url = new URL(`bin/napi-v6/${os}/${cpu}/${file}`, folder);
  return decodeURIComponent(Deno.build.os === "windows" ? url.pathname.slice(1) : url.pathname);
}

/**
 * Opens the library at `path` and asks it for its table of functions.
 *
 * @throws {Error} when the file cannot be opened, is no ONNX Runtime, or is too old; the sentence says which.
 */
export function openLibrary(path: string = libraryPath()): Library {
  let handle: Library["handle"];
  try {
    handle = Deno.dlopen(path, { OrtGetApiBase: { parameters: [], result: "pointer" } });
  } catch (error) {
    throw new Error(
      `onnxruntime: expected a shared library of ONNX Runtime at "${path}" but found none that opens ` +
        `(${(error as Error).message}); set EBB_ONNXRUNTIME to the path of libonnxruntime`,
      { cause: error },
    );
  }
  const base = new Deno.UnsafePointerView(handle.symbols.OrtGetApiBase() as Deno.PointerObject);
  const call = <R extends Deno.NativeResultType>(offset: number, parameters: Deno.NativeType[], result: R) =>
    new Deno.UnsafeFnPointer(base.getPointer(offset) as Deno.PointerObject<never>, { parameters, result });
  const version = new Deno.UnsafePointerView(call(8, [], "pointer").call() as Deno.PointerObject)
    .getCString();
  const minor = Number(version.split(".")[1]);
  const table = minor >= ORT_API_VERSION ? call(0, ["u32"], "pointer").call(ORT_API_VERSION) : null;
  if (table === null) {
    handle.close();
    throw new Error(
      `onnxruntime: expected version 1.${ORT_API_VERSION} or newer but found ${version} at "${path}"; ` +
        `${ONNXRUNTIME} is the one Ebb is tested with`,
    );
  }
  return { path, version, table: new Deno.UnsafePointerView(table as Deno.PointerObject), handle };
}
