/**
 * What of CUDA is here. Ebb has no CUDA device yet; this says which of the parts that it will need a machine has.
 *
 * @module
 */
import { runtime } from "../ort/mod.ts";
import type { DeviceInfo } from "./devices.ts";

/** The entry of `devices()`. */
export function cudaInfo(): DeviceInfo {
  const driver = driverVersion();
  const library = providerLibrary();
  const missing = [
    ...(driver === undefined ? ["no NVIDIA driver was found"] : []),
    ...(library === undefined ? ["ONNX Runtime's CUDA provider library was not found"] : []),
    "Ebb has no cuda() device yet",
  ];
  return {
    kind: "cuda",
    available: false,
    reason: missing.join("; "),
    remedy: "use webgpu() or cpu()",
    details: {
      ...(driver === undefined ? {} : { driver }),
      ...(library === undefined ? {} : { "provider library": library }),
    },
  };
}

function driverVersion(): string | undefined {
  try {
    const text = Deno.readTextFileSync("/proc/driver/nvidia/version");
    return /Kernel Module(?: for \S+)?\s+([\d.]+)/.exec(text)?.[1] ?? text.split("\n")[0];
  } catch {
    // Not Linux, or none: the library that every driver brings tells.
  }
  const name = Deno.build.os === "windows" ? "nvcuda.dll" : "libcuda.so.1";
  try {
    Deno.dlopen(name, {}).close();
    return name;
  } catch {
    return undefined;
  }
}

/** Path of the provider's library, which must lie beside ONNX Runtime's. */
function providerLibrary(): string | undefined {
  const { path } = runtime().api.library;
  const name = Deno.build.os === "windows"
    ? "onnxruntime_providers_cuda.dll"
    : "libonnxruntime_providers_cuda.so";
  const beside = path.replace(/[^\\/]*$/, name);
  try {
    return Deno.statSync(beside).isFile ? beside : undefined;
  } catch {
    return undefined;
  }
}
