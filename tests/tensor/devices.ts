/**
 * The devices that tests run on: the CPU, and every other kind that this machine has. `EBB_DEVICE` names one to keep to.
 *
 * @module
 */
import * as ebb from "../../mod.ts";
import type { Device, DeviceOptions } from "../../lib/device/mod.ts";

/** A kind of device and how to open one with a pool of its own. */
export interface PresentDevice {
  readonly kind: string;
  open(options?: DeviceOptions): Device;
}

/** Kinds of devices that can be used here. */
export function presentDevices(): PresentDevice[] {
  const open: Record<string, PresentDevice["open"]> = {
    cpu: ebb.cpu,
    webgpu: ebb.webgpu,
    cuda: (options) => ebb.cuda(0, options),
  };
  const present = ebb.devices()
    .filter(({ kind, available }) => available && kind in open)
    .map(({ kind }) => ({ kind, open: open[kind] }));
  const only = Deno.env.get("EBB_DEVICE");
  return only ? present.filter(({ kind }) => kind === only) : present;
}
