/**
 * Ops written down as they run, so that what they made can be computed again: the recipe of dropped storages. The same
 * kernel over the same bytes gives the same bytes.
 *
 * @module
 */
import { type Device, type Recipe, type Storage } from "../device/mod.ts";
import { bytesPerElement } from "./dtype.ts";
import { isTensor } from "./kernel.ts";
import type { OpCall } from "./observe.ts";
import type { Attributes, CompiledOp, Operand, Spec } from "./op.ts";
import { run } from "./run.ts";
import { scope } from "./scope.ts";
import { sizeOf } from "./shape.ts";
import { Tensor } from "./tensor.ts";

/** A tensor among the operands: bytes of a source, or what an earlier call makes. */
interface View extends Pick<Tensor, "dtype" | "shape" | "offset" | "blocked"> {
  readonly from: Storage | { readonly call: number; readonly output: number };
}

/** A call as it is written down. */
interface Written {
  readonly op: CompiledOp;
  readonly operands: readonly (View | Exclude<Operand, Tensor>)[];
  readonly attributes: Attributes;
  readonly specs: readonly Spec[];
}

/** Calls that follow each other; the last one makes the targets. */
export class Replay implements Recipe {
  readonly sources: Storage[] = [];
  readonly targets: Storage[] = [];
  readonly #device: Device;
  readonly #versions: number[] = [];
  readonly #calls: Written[] = [];
  /** By storage: the call that made it, which output it is, and as what it was made. */
  readonly #made = new Map<Storage, { call: number; output: number; version: number }>();
  #broken = false;

  constructor(device: Device) {
    this.#device = device;
  }

  /** Writes a call down, while its operands are alive. */
  add({ op, inputs, attributes, outputs, specs }: OpCall): void {
    const call = this.#calls.length;
    const operands = inputs.map((operand) => {
      if (!isTensor(operand)) return Array.isArray(operand) ? [...operand] : operand;
      const { storage, dtype, shape, offset, blocked } = operand;
      return { from: this.#origin(storage), dtype, shape, offset, blocked };
    });
    this.#calls.push({ op, operands, attributes, specs });
    outputs.forEach(({ storage }, output) => {
      // What was there before cannot be made again.
      if (inputs.some((input) => isTensor(input) && input.storage === storage)) this.#broken = true;
      this.#made.set(storage, { call, output, version: storage.version });
    });
  }

  /** A storage that the last call has made is to be filled by this recipe. */
  aim(storage: Storage): void {
    const made = this.#made.get(storage);
    if (made === undefined || made.call !== this.#calls.length - 1) this.#broken = true;
    this.targets.push(storage);
  }

  get isValid(): boolean {
    return !this.#broken && this.sources.every(({ version }, i) => version === this.#versions[i]) &&
      this.targets.every((target) => target.version === this.#made.get(target)!.version);
  }

  fill(targets: readonly Storage[]): void {
    const device = this.#device;
    const made: Tensor[][] = [];
    scope(() => {
      this.#calls.forEach(({ op, operands, attributes, specs }, call) => {
        const inputs = operands.map((operand): Operand => {
          if (operand === null || typeof operand === "number" || !("from" in operand)) return operand;
          const { from, dtype, shape, offset, blocked } = operand;
          const storage = "call" in from ? made[from.call][from.output].storage : from;
          return new Tensor(storage.retain(), dtype, shape, offset, blocked);
        });
        const outputs = specs.map(({ dtype, shape, blocked }, output) => {
          const target = targets.find((target) => {
            const place = this.#made.get(target)!;
            return place.call === call && place.output === output;
          });
          const storage = target?.retain() ?? device.allocateUnseen(sizeOf(shape) * bytesPerElement(dtype));
          return new Tensor(storage, dtype, shape, 0, blocked);
        });
        const used = [...inputs.filter(isTensor), ...outputs].map(({ storage }) => storage);
        for (const storage of used) storage.pins++;
        try {
          run(op, inputs, attributes, specs, outputs, device);
        } finally {
          device.unpin(used);
        }
        made.push(outputs);
      });
    });
  }

  release(): void {
    for (const source of this.sources.splice(0)) source.release();
  }

  #origin(storage: Storage): View["from"] {
    const made = this.#made.get(storage);
    if (made !== undefined) {
      if (made.version !== storage.version) this.#broken = true;
      return { call: made.call, output: made.output };
    }
    const known = this.sources.indexOf(storage);
    if (known < 0) {
      this.sources.push(storage.retain());
      this.#versions.push(storage.version);
    } else if (this.#versions[known] !== storage.version) this.#broken = true;
    return storage;
  }
}
