/**
 * Making tensors from numbers: nested arrays, typed arrays, constants, random draws. Ranges are in `ranges.ts`.
 * Everything is written on the host and copied to the device once, so a seed gives the same numbers on every device.
 *
 * @module
 */
import { defaultDevice, type Device } from "../device/mod.ts";
import {
  bytesPerElement,
  checkValues,
  type DType,
  dtypeOf,
  fromNumbers,
  type HostArray,
  hostArray,
  hostArrayType,
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

/**
 * Puts host elements on a device, as they are: the array is copied. {@link tensor} takes numbers in more forms.
 *
 * @param array the typed array of `dtype`, as long as the shape says
 * @throws {TypeError} when the array is of another type, or a gradient is wanted of one without fractions.
 * @throws {RangeError} when it has more or fewer elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.fromHost(Uint16Array.of(0x3f80, 0x4000), [2], { dtype: "bfloat16" }); // as they are, bit for bit
 * assertEquals(x.toArray(), [1, 2]);
 * ```
 */
export function fromHost(array: HostArray, shape: Shape, options: TensorOptions & { dtype: DType }): Tensor {
  const { dtype, device = defaultDevice(), requiresGrad = false } = options;
  if (requiresGrad && !isFloating(dtype)) {
    throw new TypeError(`tensor: expected a floating type where a gradient is wanted but found ${dtype}`);
  }
  checkArray(array, shape, dtype);
  const storage = device.allocate(array.byteLength);
  device.write(storage, 0, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  const made = new Tensor(storage, dtype, shape);
  made.requiresGrad = requiresGrad;
  return made;
}

/** Asks for the array that holds elements of `dtype` in this shape. */
function checkArray(array: HostArray, shape: Shape, dtype: DType): void {
  const type = hostArrayType(dtype);
  if (!(array instanceof type)) {
    const found = (array as object | null)?.constructor?.name ?? String(array);
    throw new TypeError(`fromHost: expected a ${type.name} for ${dtype} but found ${found}`);
  }
  if (array.length !== sizeOf(shape)) {
    throw new RangeError(
      `fromHost: expected ${sizeOf(shape)} elements for shape ${showShape(shape)} but found ${array.length}`,
    );
  }
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
 * import * as ebb from "@ebb/ebb";
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
    checkValues("tensor", flat as number[], dtype);
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

/**
 * A tensor of shape `shape` with every element `value`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.full([2, 2], 0.5);
 * assertEquals(x.toArray(), [[0.5, 0.5], [0.5, 0.5]]);
 * using whole = ebb.full([2], 2.9, { dtype: "int64" }); // cut off towards zero
 * assertEquals(whole.toArray(), [2, 2]);
 * ```
 */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  const dtype = options.dtype ?? "float32";
  const array = hostArray(dtype, sizeOf(checkShape("full", shape)));
  checkValues("full", [value], dtype);
  if (value !== 0) (array as Float32Array).fill(fromNumbers([value], dtype)[0] as number);
  return fromHost(array, [...shape], { ...options, dtype });
}

/**
 * A tensor of zeros.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using counts = ebb.zeros([2, 3], { dtype: "int64" });
 * assertEquals(counts.toArray(), [[0, 0, 0], [0, 0, 0]]);
 * ```
 */
export function zeros(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 0, options);
}

/**
 * A tensor of ones.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using scale = ebb.ones([3], { requiresGrad: true });
 * ebb.scope(() => scale.mul(5).sum().backward());
 * assertEquals([scale.toArray(), scale.grad!.toArray()], [[1, 1, 1], [5, 5, 5]]);
 * ```
 */
export function ones(shape: Shape, options: TensorOptions = {}): Tensor {
  return full(shape, 1, options);
}

/** Type and device of `like`, unless named otherwise. */
function alike(like: Tensor, options: TensorOptions): TensorOptions {
  return { dtype: like.dtype, device: like.device, ...options };
}

/**
 * Zeros of another tensor's shape, type and device.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([[1, 2]], { dtype: "int32" });
 * using y = ebb.zerosLike(x);
 * assertEquals([y.toArray(), y.dtype], [[[0, 0]], "int32"]);
 * ```
 */
export function zerosLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return full(like.shape, 0, alike(like, options));
}

/**
 * Ones of another tensor's shape, type and device.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.tensor([true, false]);
 * using y = ebb.onesLike(x);
 * assertEquals(y.toArray(), [true, true]);
 * ```
 */
export function onesLike(like: Tensor, options: TensorOptions = {}): Tensor {
  return full(like.shape, 1, alike(like, options));
}

/**
 * One value in another tensor's shape, type and device.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using labels = ebb.tensor([3, 1, 4], { dtype: "int64" });
 * using target = ebb.fullLike(labels, 7);
 * assertEquals([target.toArray(), target.dtype], [[7, 7, 7], "int64"]);
 * ```
 */
export function fullLike(like: Tensor, value: number, options: TensorOptions = {}): Tensor {
  return full(like.shape, value, alike(like, options));
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

function uniform(name: string, shape: Shape, options: RandomOptions): Tensor {
  return draw(name, shape, options, (generator, into) => generator.fillUniform(into, 0, 1));
}

function normal(name: string, shape: Shape, options: RandomOptions): Tensor {
  return draw(name, shape, options, (generator, into) => generator.fillNormal(into));
}

/**
 * Uniform draws from [0, 1).
 *
 * @throws {TypeError} when a type without fractions is named.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.rand([100], { generator: new ebb.Generator(7) });
 * using again = ebb.rand([100], { generator: new ebb.Generator(7) });
 * assert(x.equal(again)); // a seed gives the same numbers on every device
 * assert((x.toArray() as number[]).every((value) => value >= 0 && value < 1));
 * ```
 */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  return uniform("rand", shape, options);
}

/**
 * Draws from the standard normal distribution.
 *
 * @throws {TypeError} when a type without fractions is named.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.randn([10000], { generator: new ebb.Generator(7) });
 * const [mean, deviation] = ebb.scope(() => [x.mean().item(), x.std().item()]);
 * assertAlmostEquals(mean, 0, 0.05);
 * assertAlmostEquals(deviation, 1, 0.05);
 * ```
 */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  return normal("randn", shape, options);
}

/**
 * Whole numbers from `low` to before `high`, as int64 unless a type is named.
 *
 * @throws {RangeError} when they are not whole, or `low` is not less than `high`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using dice = ebb.randint(1, 7, [1000], { generator: new ebb.Generator(7) });
 * assertEquals(new Set(dice.toArray() as number[]), new Set([1, 2, 3, 4, 5, 6]));
 * ```
 */
export function randint(low: number, high: number, shape: Shape, options: RandomOptions = {}): Tensor {
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high)) {
    throw new RangeError(`randint: expected whole numbers low < high but found ${low} and ${high}`);
  }
  const generator = options.generator ?? defaultGenerator();
  const dtype = options.dtype ?? "int64";
  checkValues("randint", [low, high - 1], dtype);
  const values = Array.from(
    { length: sizeOf(checkShape("randint", shape)) },
    () => low + generator.int(high - low),
  );
  return fromHost(fromNumbers(values, dtype), [...shape], { ...options, dtype });
}

/**
 * Uniform draws in another tensor's shape, type and device.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using images = ebb.full([2, 3], 0.5, { dtype: "float64" });
 * using noise = ebb.randLike(images);
 * assertEquals([noise.shape, noise.dtype], [[2, 3], "float64"]);
 * ```
 */
export function randLike(like: Tensor, options: RandomOptions = {}): Tensor {
  return uniform("randLike", like.shape, alike(like, options));
}

/**
 * Normal draws in another tensor's shape, type and device.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import * as ebb from "@ebb/ebb";
 *
 * using x = ebb.zeros([1000]);
 * using noise = ebb.randnLike(x, { generator: new ebb.Generator(7) });
 * assertAlmostEquals(ebb.scope(() => noise.std().item()), 1, 0.1);
 * ```
 */
export function randnLike(like: Tensor, options: RandomOptions = {}): Tensor {
  return normal("randnLike", like.shape, alike(like, options));
}
