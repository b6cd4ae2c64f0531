/**
 * What the constructors of layers share: options, checks of sizes, and settings as text.
 *
 * @module
 */
import type { Device } from "../../device/mod.ts";
import type { DType } from "../../tensor/dtype.ts";

/** Where a layer's tensors lie and of what type they are. */
export interface LayerOptions {
  /** Floating type of parameters; default float32. */
  dtype?: DType;
  /** Device; default the default device. */
  device?: Device;
}

/** Throws a sentence unless each of the named sizes is a whole number above 0. */
export function checkSizes(layer: string, sizes: Record<string, number>): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (Number.isInteger(size) && size > 0) continue;
    throw new RangeError(`${layer}: expected ${name} to be a whole number above 0 but found ${size}`);
  }
}

/** Settings that differ from their defaults, after the sizes, as text: `16, 32, 3, padding 1`. */
export function settings(sizes: readonly unknown[], options: object, defaults: object): string {
  const plain = (value: unknown) => Array.isArray(value) ? `[${value.join(", ")}]` : String(value);
  const known = defaults as Record<string, unknown>;
  const others = Object.entries(options).filter(([name, value]) =>
    name in known && value !== undefined && String(value) !== String(known[name])
  );
  return [...sizes.map(plain), ...others.map(([name, value]) => `${name} ${plain(value)}`)].join(", ");
}
