/**
 * What of CUDA is here, as the entry of `devices()`: which part is missing, and the one command that brings it.
 *
 * @module
 */
import { cudaDevice, cudaLack, cudaPartsHere, cudaRemedy } from "../../ort/mod.ts";
import { formatBytes } from "../bytes.ts";
import type { DeviceInfo } from "../devices.ts";

/** The entry of `devices()`. */
export function cudaInfo(): DeviceInfo {
  const parts = cudaPartsHere();
  const { driver, provider, libraries } = parts;
  const details: Record<string, string> = {
    ...(driver && { driver }),
    ...(provider && { "provider library": provider }),
  };
  for (const { name, path } of libraries) details[name] = path ?? "missing";
  const reason = cudaLack(parts);
  if (reason !== undefined) {
    return { kind: "cuda", available: false, reason: `found ${reason}`, remedy: cudaRemedy(parts), details };
  }
  const { driver: device } = cudaDevice(0);
  const { free, total } = device.memory();
  const memory = `${formatBytes(free)} free of ${formatBytes(total)}`;
  return { kind: "cuda", available: true, details: { device: device.name, memory, ...details } };
}
