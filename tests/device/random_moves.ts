/**
 * Storages whose copies end on command, and random moves of them whose contents are those of a model that moves nothing.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as ebb from "../../mod.ts";
import { addressOf } from "../../lib/ort/mod.ts";
import type { CopyEngine } from "../../lib/device/copy.ts";
import { cpuBackend } from "../../lib/device/cpu.ts";
import type { Disk } from "../../lib/device/disk.ts";
import type { Device, Storage } from "../../lib/device/mod.ts";
import { Generator } from "../../lib/tensor/random.ts";
import { LateTransport, poison } from "./late_transport.ts";

/** Bytes of a storage made by {@linkcode store}. */
export const BYTES = 256;

/** A device and what decides when its copies end. */
export interface Late {
  device: Device;
  copies: CopyEngine;
  transport: LateTransport;
}

/** Settings of {@linkcode late}. */
export interface LateOptions extends ebb.CpuOptions {
  disk?: ebb.DiskOptions;
}

/** A device whose copies end on command and whose freed blocks are overwritten. */
export function late({ disk, ...options }: LateOptions = {}, isEager?: () => boolean): Late {
  const device = ebb.cpu(options);
  const transport = new LateTransport(cpuBackend(), isEager);
  const copies = device.copyWith(() => transport);
  poison(device.pool, cpuBackend());
  poison(copies.far.host, cpuBackend());
  if (disk !== undefined) {
    copies.useDisk(disk);
    poisonDisk(copies.far.disk!);
  }
  return { device, copies, transport };
}

/** The same as `poison`, for a file. */
export function poisonDisk(disk: Disk): void {
  poison(disk, {
    write: (_, offset, bytes) => {
      const copy = disk.start(
        "out",
        addressOf(new Uint8Array(bytes.buffer as ArrayBuffer)),
        offset,
        bytes.length,
      );
      copy.wait();
    },
  });
}

/** A storage that holds one value throughout. */
export function store(device: Device, value: number): Storage {
  const storage = device.allocate(BYTES);
  device.write(storage, 0, new Uint8Array(BYTES).fill(value));
  return storage;
}

/** The value of {@linkcode store}, read from wherever it is. */
export function contents(storage: Storage): number {
  const bytes = new Uint8Array(BYTES);
  storage.device.read(storage, 0, bytes);
  assert(bytes.every((byte) => byte === bytes[0]), `one value throughout, not ${bytes}`);
  return bytes[0];
}

const UNREADABLE = /^disk: expected to read 256 bytes from byte \d+ on of .*\.swap but found: no luck$/;

/**
 * Moves, writes, frees and lets copies end at random; contents must always be right, and nothing be left at the end.
 * Of copies to and from a file, some fail.
 */
export function moveAtRandom(seed: number, options: LateOptions): void {
  const generator = new Generator(seed);
  const { device, copies, transport } = late(options, () => generator.int(2) === 0);
  const model = new Map<Storage, number>();
  const any = () => [...model.keys()][generator.int(model.size)];
  const actions: (() => void)[] = [
    () => {
      const value = generator.int(250);
      if (model.size < 8) model.set(store(device, value), value);
    },
    () => {
      const storage = any();
      model.delete(storage);
      storage.release();
    },
    () => void copies.copyOut(any()),
    () => void copies.copyIn(any()),
    () => copies.cancel(any()),
    () => copies.ensureResident(any()),
    () => {
      const storage = any();
      const value = generator.int(250);
      device.write(storage, 0, new Uint8Array(BYTES).fill(value));
      model.set(storage, value);
    },
    () => {
      const { pending } = transport;
      if (pending.length === 0) return;
      const copy = pending[generator.int(pending.length)];
      if (copy.isOfFile && generator.int(10) === 0) transport.fail(copy, "no luck");
      else transport.end(copy);
    },
    () => copies.settle(),
    () => {
      const { ticket } = any();
      if (ticket !== null) copies.wait(ticket);
    },
  ];
  for (let step = 0; step < 300; step++) {
    try {
      actions[model.size === 0 ? 0 : generator.int(actions.length)]();
    } catch (error) {
      if (!UNREADABLE.test((error as Error).message)) throw error;
    }
    for (const [storage, value] of model) {
      assertEquals(
        contents(storage),
        value,
        `seed ${seed}, step ${step}: a storage that is ${storage.state}`,
      );
    }
  }
  for (const storage of model.keys()) storage.release();
  copies.drain();
  assertEquals([device.memory().storages, device.memory().liveBytes, copies.far.liveBytes], [0, 0, 0]);
  copies.useDisk(null);
}
