/**
 * Making tensors from numbers: nested arrays, typed arrays, constants, ranges, random draws. Everything is written on
 * the host and copied to the device once, so a seed gives the same numbers on every device.
 *
 * @module
 */
import { defaultDevice, type Device } from "../device/mod.ts";
import {
  bytesPerElement,
  type DType,
  dtypeOf,
  fromNumbers,
  type HostArray,
  hostArray,
  isFloating,
} from "./dtype.ts";
import { defaultGenerator, type Generator } from "./random.ts";
import { checkShape, type Shape, showShape, sizeOf } from "./shape.ts";
import { type NestedArray, Tensor } from "./tensor.ts";

/** Where a new tensor lies and what it is. */
export interface TensorOptions {
  /** Element type; default float32 (for booleans bool, for typed arrays theirs). */
  dtype?: DType;
  /** Device; default {@link defaultDevice}. */
  device?: Device;
  /** Whether `backward` gathers gradients in `grad`. */
  requiresGrad?: boolean;
}

/** Puts host elements on a device. The array is copied. */
export function fromHost(array: HostArray, shape: Shape, options: TensorOptions & { dtype: DType }): Tensor {
  const { dtype, device = defaultDevice(), requiresGrad = false } = options;
  if (requiresGrad && !isFloating(dtype)) {
    throw new TypeError(`tensor: expected a floating type where a gradient is wanted but found ${dtype}`);
  }
  const storage = device.allocate(array.byteLength);
  device.write(storage, 0, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const made = new Tensor(storage, dtype, shape);
  made.requiresGrad = requiresGrad;
  return made;
}

/**
 * A tensor from numbers.
 *
 * @param data a number, a boolean, nested arrays of one depth and length each, or a typed array
 * @param options `shape` for typed or flat arrays; dtype, device, requiresGrad
 * @throws {TypeError | RangeError} when arrays are ragged, or the number of elements does not fit the shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "../../mod.ts";
 *
 * using x = ebb.tensor([[1, 2], [3, 4]]);
 * assertEquals(x.shape, [2, 2]);
 * using y = ebb.tensor(new Float32Array(6), { shape: [2, 3] });
 * assertEquals(y.dtype, "float32");
 * ```
 */
export function tensor(
  data: NestedArray | HostArray | readonly number[],
  options: TensorOptions & { shape?: Shape } = {},
): Tensor {
  let array: HostArray;
  let shape: Shape;
  let dtype: DType;
  if (ArrayBuffer.isView(data)) {
    dtype = options.dtype ?? dtypeOf(data);
    shape = [data.length];
    if (data.BYTES_PER_ELEMENT !== bytesPerElement(dtype)) {
      throw new TypeError(`tensor: expected an array of ${dtype} but found ${data.constructor.name}`);
    }
    array = data;
  } else {
    const flat: (number | boolean)[] = [];
    shape = flatten(data as NestedArray, flat);
    dtype = options.dtype ?? (typeof flat[0] === "boolean" ? "bool" : "float32");
    array = fromNumbers(flat as number[], dtype);
  }
  const wanted = options.shape === undefined ? shape : checkShape("tensor", options.shape);
  if (sizeOf(wanted) !== sizeOf(shape)) {
    throw new RangeError(
      `tensor: expected ${sizeOf(wanted)} elements for shape ${showShape(wanted)} but found ${sizeOf(shape)}`,
    );
  }
  return fromHost(array, [...wanted], { ...options, dtype });
}

/** Writes the numbers of nested arrays into `flat`; returns their shape. */
function flatten(data: NestedArray, flat: (number | boolean)[]): number[] {
  if (!Array.isArray(data)) {
    if (typeof data !== "number" && typeof data !== "boolean") {
      throw new TypeError(`tensor: expected numbers in nested arrays but found ${typeof data}`);
    }
    flat.push(data);
    return [];
  }
  let inner: number[] = [];
  data.forEach((item, i) => {
    const found = flatten(item, flat);
    if (i > 0 && String(found) !== String(inner)) {
      throw new RangeError(
        `tensor: expected arrays of one shape but found ${showShape(inner)} and ${
          showShape(found)
        } side by side`,
      );
    }
    inner = found;
  });
  return [data.length, ...inner];
}

/** A tensor of shape `shape` with every element `value`. */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  const dtype = options.dtype ?? "float32";
  const array = hostArray(dtype, sizeOf(checkShape("full", shape)));
  if (value !== 0) (array as Float32Array).fill(fromNumbers([value], dtype)[0] as number);
  return fromHost(array, [...shape], { ...options, dtype });
}

/** A tensor of zeros. */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 0, options);
}

/** A tensor of ones. */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** Type and device of `like`, unless named otherwise. */
function alike(like: Tensor, options: TensorOptions): TensorOptions {
  return { dtype: like.dtype, device: like.device, ...options };
}

/** Zeros of another tensor's shape, type and device. */
export function zerosLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return full(like.shape, 0, alike(like, options));
}

/** Ones of another tensor's shape, type and device. */
export function onesLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return full(like.shape, 1, alike(like, options));
}

/** One value in another tensor's shape, type and device. */
export function fullLike(like: Tensor, value: number, options: TensorOptions = {}): Tensor {
  return full(like.shape, value, alike(like, options));
}

/**
 * Numbers from `start` (default 0) to before `end` in steps of `step`. Whole numbers give int64, as in PyTorch, unless
 * a type is named.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "../../mod.ts";
 *
 * using x = ebb.arange(1, 7, 2);
 * assertEquals(x.toArray(), [1, 3, 5]);
 * ```
 */
export function arange(start: number, end?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end];
  const length = Math.ceil((to - from) / step);
  if (!(length >= 0) || !Number.isFinite(length)) {
    throw new RangeError(`arange: expected a step that leads from ${from} to ${to} but found ${step}`);
  }
  const whole = Number.isInteger(from) && Number.isInteger(step);
  const dtype = options.dtype ?? (whole ? "int64" : "float32");
  return fromHost(fromNumbers(Array.from({ length }, (_, i) => from + i * step), dtype), [length], {
    ...options,
    dtype,
  });
}

/** `steps` numbers from `start` to `end`, both included, evenly spaced. */
export function linspace(start: number, end: number, steps: number, options: TensorOptions = {}): Tensor {
  checkShape("linspace", [steps]);
  const dtype = options.dtype ?? "float32";
  const gap = steps > 1 ? (end - start) / (steps - 1) : 0;
  const values = Array.from({ length: steps }, (_, i) => i === steps - 1 && i > 0 ? end : start + i * gap);
  return fromHost(fromNumbers(values, dtype), [steps], { ...options, dtype });
}

/** The identity matrix, `[n, m]` with ones on the diagonal. */
export function eye(n: number, m: number = n, options: TensorOptions = {}): Tensor {
  checkShape("eye", [n, m]);
  const dtype = options.dtype ?? "float32";
  const values = new Array<number>(n * m).fill(0);
  for (let i = 0; i < Math.min(n, m); i++) values[i * m + i] = 1;
  return fromHost(fromNumbers(values, dtype), [n, m], { ...options, dtype });
}

/** Options of random draws: `generator` instead of the one that `seed()` sets. */
export interface RandomOptions extends TensorOptions {
  /** Where the numbers come from. */
  generator?: Generator;
}

function draw(
  name: string,
  shape: Shape,
  options: RandomOptions,
  fill: (generator: Generator, into: Float32Array<ArrayBuffer>) => void,
): Tensor {
  const dtype = options.dtype ?? "float32";
  if (!isFloating(dtype)) throw new TypeError(`${name}: expected a floating type but found ${dtype}`);
  const values = new Float32Array(sizeOf(checkShape(name, shape)));
  fill(options.generator ?? defaultGenerator(), values);
  const array = dtype === "float32" ? values : fromNumbers(Array.from(values), dtype);
  return fromHost(array, [...shape], { ...options, dtype });
}

/** Uniform draws from [0, 1). */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  return draw("rand", shape, options, (generator, into) => generator.fillUniform(into, 0, 1));
}

/** Draws from the standard normal distribution. */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  return draw("randn", shape, options, (generator, into) => generator.fillNormal(into));
}

/** Whole numbers from `low` to before `high`, as int64 unless a type is named. */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high)) {
    throw new RangeError(`randint: expected whole numbers low < high but found ${low} and ${high}`);
  }
  const generator = options.generator ?? defaultGenerator();
  const dtype = options.dtype ?? "int64";
  const values = Array.from(
    { length: sizeOf(checkShape("randint", shape)) },
    () => low + generator.int(high - low),
  );
  return fromHost(fromNumbers(values, dtype), [...shape], { ...options, dtype });
}

/** Uniform draws in another tensor's shape, type and device. */
export function randLike(like: Tensor, options: RandomOptions = {}): Tensor {
  return rand(like.shape, alike(like, options));
}

/** Normal draws in another tensor's shape, type and device. */
export function randnLike(like: Tensor, options: RandomOptions = {}): Tensor {
  return randn(like.shape, alike(like, options));
}
