/**
 * What people see of a tensor: its shape, type and device, and its values, of long axes the ends alone; in a notebook what
 * looks like images as images.
 *
 * @module
 */
import { escaped, pictureUrl } from "../notebook/mod.ts";
import { bytesPerElement, type DType, hostArray, isFloating, toNumbers } from "./dtype.ts";
import { sizeOf } from "./shape.ts";
import type { Tensor } from "./tensor.ts";

/** A tensor of more elements is cut: of each axis longer than twice this only so many at both ends are shown. */
const [WHOLE, EDGE] = [1000, 3];
/** Characters of a line. */
const WIDTH = 88;

/** The line, and the values. */
export function textOf(tensor: Tensor): string {
  const line = tensor.toString();
  return tensor.disposed || tensor.size === 0 ? line : `${line}\n${valuesOf(tensor)}`;
}

/** What a notebook shows. */
export function displayOf(tensor: Tensor): Record<string, string> {
  const text = textOf(tensor);
  const [line, ...values] = text.split("\n");
  const shown = picturesOf(tensor);
  const body = shown === "" ? `<pre style="margin:0">${escaped(values.join("\n"))}</pre>` : shown;
  return {
    "text/html": `<div><div style="font-family:monospace">${escaped(line)}</div>${body}</div>`,
    "text/plain": text,
  };
}

/** Values as nested brackets, with the columns below each other. */
function valuesOf(tensor: Tensor): string {
  const { shape, dtype } = tensor;
  const cut = tensor.size > WHOLE;
  const read = readerOf(tensor);
  const rows: string[][] = [];
  /** Indices along an axis; -1 stands for those left out. */
  const along = (length: number) =>
    cut && length > 2 * EDGE
      ? [...Array(EDGE).keys(), -1, ...Array.from({ length: EDGE }, (_, i) => length - EDGE + i)]
      : [...Array(length).keys()];
  const gather = (axis: number, at: number): void => {
    if (axis < shape.length - 1) {
      for (const i of along(shape[axis])) {
        if (i >= 0) gather(axis + 1, at + i * sizeOf(shape.slice(axis + 1)));
      }
      return;
    }
    const length = shape.at(-1) ?? 1;
    const places = along(length);
    const gap = places.indexOf(-1);
    rows.push(
      gap < 0
        ? [...read(at, length)].map((value) => String(value))
        : [...[...read(at, EDGE)].map(String), "…", ...[...read(at + length - EDGE, EDGE)].map(String)],
    );
  };
  gather(0, 0);
  const texts = format(rows, dtype);
  if (shape.length === 0) return texts[0][0];
  let row = 0;
  const nest = (axis: number): string => {
    if (axis === shape.length - 1) return wrapped(texts[row++], axis + 1);
    const inner = along(shape[axis]).map((i) => i < 0 ? "…" : nest(axis + 1));
    return `[${inner.join(`,${"\n".repeat(shape.length - 1 - axis)}${" ".repeat(axis + 1)}`)}]`;
  };
  return nest(0);
}

/** A row in brackets, in lines that begin behind `indent` of them. */
function wrapped(texts: readonly string[], indent: number): string {
  const lines: string[] = [];
  for (const text of texts) {
    const longer = lines.length === 0 ? text : `${lines.at(-1)}, ${text}`;
    if (lines.length > 0 && longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(text);
  }
  return `[${lines.join(`,\n${" ".repeat(indent)}`)}]`;
}

/** Numbers of one kind with as many digits: whole ones as they are, others with four, far apart ones by powers of ten. */
function format(rows: readonly string[][], dtype: DType): string[][] {
  const text = (value: string) => {
    if (dtype === "bool") return value === "1" ? "true" : "false";
    return value;
  };
  const each = (fn: (value: string) => string) =>
    rows.map((row) => row.map((value) => value === "…" ? value : fn(value)));
  let texts = each(text);
  if (isFloating(dtype)) {
    const numbers = rows.flat().filter((value) => value !== "…").map(Number).filter(Number.isFinite);
    const sizes = numbers.filter((value) => value !== 0).map(Math.abs);
    const [most, least] = [Math.max(0, ...sizes), Math.min(...sizes)];
    const whole = numbers.every(Number.isInteger) && most < 1e6;
    const powers = most >= 1e6 || sizes.length > 0 && most < 1e-3 || most / least > 1e6;
    const digits = (value: number) =>
      whole ? `${value}.` : powers ? value.toExponential(3) : value.toFixed(4);
    texts = each((value) => Number.isFinite(Number(value)) ? digits(Number(value)) : value);
  }
  const width = Math.max(...texts.flat().map(({ length }) => length));
  return texts.map((row) => row.map((value) => value === "…" ? value : value.padStart(width)));
}

/** Reads some elements in a row. Only where a part can be read without the whole is the whole left where it is. */
function readerOf(tensor: Tensor): (start: number, count: number) => Iterable<number | bigint> {
  const { dtype, size, blocked } = tensor;
  if (blocked || size <= WHOLE || tensor.device.provider !== "cpu") {
    const all = tensor.data();
    return (start, count) => numbersOf(all.subarray(start, start + count), dtype);
  }
  const element = bytesPerElement(dtype);
  return (start, count) => {
    const bytes = new Uint8Array(count * element);
    tensor.device.read(tensor.storage, tensor.offset + start * element, bytes);
    return numbersOf(hostArray(dtype, bytes.buffer), dtype);
  };
}

/** Whole numbers of 64 bits as they are, all others as numbers. */
function numbersOf(values: ReturnType<typeof hostArray>, dtype: DType): Iterable<number | bigint> {
  return values instanceof BigInt64Array ? values : toNumbers(values, dtype);
}

/** How many images are shown, and how large they may be. */
const [PICTURES, SMALLEST, LARGEST] = [16, 8, 512];
/** A picture's height on the page, in pixels. */
const HEIGHT = 96;

/** A tensor `[C, H, W]` or `[N, C, H, W]` of 1 or 3 channels and values in [0, 1] as pictures; else nothing. */
function picturesOf(tensor: Tensor): string {
  const { shape, dtype } = tensor;
  const [channels, height, width] = shape.slice(-3);
  const like = (shape.length === 3 || shape.length === 4) && isFloating(dtype) && [1, 3].includes(channels) &&
    [height, width].every((size) => size >= SMALLEST && size <= LARGEST);
  if (tensor.disposed || !like || tensor.size === 0) return "";
  const size = sizeOf([channels, height, width]);
  const count = Math.min(PICTURES, tensor.size / size);
  const read = readerOf(tensor);
  const urls: string[] = [];
  for (let i = 0; i < count; i++) {
    const values = Float32Array.from(read(i * size, size), Number);
    if (!values.every((value) => value >= 0 && value <= 1)) return "";
    urls.push(pictureUrl(values, [channels, height, width]));
  }
  const style = `height:${HEIGHT}px;image-rendering:pixelated;margin:2px`;
  const pictures = urls.map((url, i) => `<img src="${url}" alt="image ${i}" style="${style}">`).join("");
  const more = tensor.size / size - count;
  return `<div>${pictures}${more > 0 ? ` and ${more} more` : ""}</div>`;
}
