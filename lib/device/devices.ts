/**
 * Every kind of device, whether it can be used here, and if not why and what to do. To look costs what opening costs:
 * WebGPU's adapter is asked for once.
 *
 * @module
 */
import { DISPLAY, escaped } from "../notebook/mod.ts";
import { metOnHost, runtime, vulkanDrivers, WEBGPU_REMEDY, webgpuComputesHalf } from "../ort/mod.ts";
import { formatBytes } from "./bytes.ts";
import { cudaInfo } from "./cuda/info.ts";
import { webgpuBackend } from "./webgpu.ts";

/** One kind of device. */
export interface DeviceInfo {
  /** Name of the function that opens one. */
  readonly kind: "cpu" | "webgpu" | "cuda";
  /** Whether it can be used here and now. */
  readonly available: boolean;
  /** Why not. */
  readonly reason?: string;
  /** What to do about it. */
  readonly remedy?: string;
  /** What is known of it, in a person's words. */
  readonly details: Readonly<Record<string, string>>;
}

/**
 * The list, which shows itself as a table: as text, in a terminal and in a notebook.
 *
 * @example
 * ```ts
 * import { assertEquals, assertMatch } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const list = ebb.devices();
 * assertMatch(`${list}`, /^cpu +available\n +threads: /);
 * const usable = list.filter(({ available }) => available);
 * assertEquals(usable[0].kind, "cpu");
 * ```
 */
export class DeviceList extends Array<DeviceInfo> {
  /** What is made of it (by `filter`, say) is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** A table, one kind a paragraph. */
  override toString(): string {
    const width = Math.max(...this.map(({ kind }) => kind.length)) + 2;
    return this.map((device) =>
      rows(device).map((text, i) => (i === 0 ? device.kind : "").padEnd(width) + text).join("\n")
    ).join("\n");
  }

  /** The same for Jupyter. */
  [DISPLAY](): Record<string, string> {
    const cells = this.map((device) =>
      `<tr><th style="text-align:left;vertical-align:top">${device.kind}</th>` +
      `<td style="text-align:left">${rows(device).map(escaped).join("<br>")}</td></tr>`
    );
    return { "text/plain": this.toString(), "text/html": `<table>${cells.join("")}</table>` };
  }

  /** The same for `console.log`. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

function rows({ available, reason, remedy, details }: DeviceInfo): string[] {
  return [
    available ? "available" : `not available: ${reason}`,
    ...(remedy === undefined ? [] : [`to do: ${remedy}`]),
    ...Object.entries(details).map(([name, text]) => `${name}: ${text}`),
  ];
}

/**
 * Every kind of device, usable or not. Never throws.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * const [cpu, webgpu, cuda] = ebb.devices();
 * assertEquals(cpu.available, true);
 * if (!webgpu.available) console.log(webgpu.reason, webgpu.remedy);
 * assertEquals(cuda.kind, "cuda");
 * ```
 */
export function devices(): DeviceList {
  const list = new DeviceList();
  list.push(
    guarded("cpu", cpuInfo),
    guarded("webgpu", webgpuInfo),
    guarded("cuda", cudaInfo),
  );
  return list;
}

/** An entry, or the reason why there is none. */
function guarded(kind: DeviceInfo["kind"], look: () => DeviceInfo): DeviceInfo {
  try {
    const info = look();
    return { ...info, details: { ...info.details, ...onHost(kind) } };
  } catch (error) {
    return { kind, available: false, reason: (error as Error).message, details: {} };
  }
}

function cpuInfo(): DeviceInfo {
  const { api: { library }, threads } = runtime();
  return {
    kind: "cpu",
    available: true,
    details: {
      threads: `${threads} of ${navigator.hardwareConcurrency}`,
      memory: machineMemory(),
      "ONNX Runtime": `${library.version}, ${library.path}`,
    },
  };
}

function machineMemory(): string {
  try {
    const { total, available } = Deno.systemMemoryInfo();
    return `${formatBytes(available)} free of ${formatBytes(total)}`;
  } catch {
    return "not to be seen without --allow-sys";
  }
}

function webgpuInfo(): DeviceInfo {
  const manifests = vulkanDrivers();
  const found: Record<string, string> = {};
  if (manifests.length > 0) found["Vulkan drivers"] = manifests.join(", ");
  try {
    webgpuBackend();
  } catch (error) {
    const { message } = error as Error;
    const reason = message.split(/ but found | but /)[1]?.split("; ")[0] ?? message;
    return { kind: "webgpu", available: false, reason, remedy: WEBGPU_REMEDY, details: found };
  }
  const driver = loadedDriver();
  if (driver !== undefined) found["driver in use"] = driver;
  found["float16"] = webgpuComputesHalf()
    ? "computed by the adapter"
    : "computed on the CPU, as the adapter cannot";
  return { kind: "webgpu", available: true, details: found };
}

/** Which ops ran on the CPU so far, if only in part: they are right, but their operands went to and fro. */
function onHost(kind: DeviceInfo["kind"]): Record<string, string> {
  const met = metOnHost(kind);
  return met === undefined ? {} : { "on the CPU so far": met };
}

/**
 * File name of the Vulkan driver that this process has loaded: ONNX Runtime does not tell the adapter's name. Undefined
 * where it cannot be seen.
 */
function loadedDriver(): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const files = Deno.readTextFileSync("/proc/self/maps").match(/\/\S+\.so[.\d]*$/gm) ?? [];
    const names = new Set(files.map((file) => file.slice(file.lastIndexOf("/") + 1)));
    return [...names].find((name) => /^libvk_|^libvulkan_\w|^libGLX_nvidia|^libnvidia-vulkan/.test(name));
  } catch {
    return undefined;
  }
}
