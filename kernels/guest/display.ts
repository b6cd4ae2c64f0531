/**
 * What a value looks like in a notebook: a bundle of MIME types.
 *
 * @module
 */
import { DISPLAY } from "../../lib/notebook/display.ts";
import { encodeBase64 } from "./base64.ts";
import type { MediaBundle } from "./channel.ts";

/** Characters of a string that are shown. */
const LONGEST_STRING = 10_000_000;
/** Characters of anything else. */
const LONGEST_TEXT = 100_000;
/** First bytes of pictures. */
const PICTURES: readonly (readonly [type: string, magic: readonly number[]])[] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
];

/** How a value is written as text. */
export function textOf(value: unknown): string {
  const text = Deno.inspect(value, {
    depth: 5,
    iterableLimit: 100,
    strAbbreviateSize: LONGEST_STRING,
    colors: false,
  });
  if (typeof value === "string" || text.length <= LONGEST_TEXT) return text;
  return `${text.slice(0, LONGEST_TEXT)}\n… ${text.length - LONGEST_TEXT} characters more`;
}

/**
 * The bundle of a value: what its own `Jupyter.display` method gives; a picture of a canvas, of bytes that are one, or of
 * an element; a Vega chart; else its text.
 *
 * @throws what the value's method throws, or a `TypeError` where it gives no bundle.
 */
export async function bundleOf(value: unknown): Promise<MediaBundle> {
  const own = methodOf(value, DISPLAY);
  if (own !== undefined) return checked(await own.call(value));
  if (typeof value === "object" && value !== null) {
    const rich = richOf(value);
    if (rich !== undefined) return rich;
  }
  return { "text/plain": textOf(value) };
}

/** What a value shows of itself by what other libraries agreed on; nothing where that fails. */
function richOf(value: object): MediaBundle | undefined {
  try {
    return pictureOf(value) ?? elementOf(value) ?? vegaOf(value);
  } catch {
    return undefined;
  }
}

function methodOf(value: unknown, name: PropertyKey): (() => unknown) | undefined {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  const method = (value as Record<PropertyKey, unknown>)[name];
  return typeof method === "function" ? method as () => unknown : undefined;
}

function checked(bundle: unknown): MediaBundle {
  if (typeof bundle !== "object" || bundle === null || Array.isArray(bundle)) {
    throw new TypeError(`Jupyter.display: expected an object of MIME types but found ${textOf(bundle)}`);
  }
  return bundle as MediaBundle;
}

function pictureOf(value: object): MediaBundle | undefined {
  if (value instanceof Uint8Array) {
    const found = PICTURES.find(([, magic]) => magic.every((byte, i) => value[i] === byte));
    return found && { [found[0]]: encodeBase64(value), "text/plain": `${found[0]}, ${value.length} bytes` };
  }
  // Tensors of other libraries have a method of this name that throws.
  if (!("getContext" in value)) return undefined;
  const url = methodOf(value, "toDataURL")?.call(value);
  const match = typeof url === "string" ? url.match(/^data:(image\/[a-z+]+);base64,(.*)$/s) : null;
  return match === null ? undefined : { [match[1]]: match[2], "text/plain": "a canvas" };
}

function elementOf(value: object): MediaBundle | undefined {
  const { outerHTML, nodeType } = value as { outerHTML?: unknown; nodeType?: unknown };
  if (nodeType !== 1 || typeof outerHTML !== "string") return undefined;
  if (!/^<svg[\s>]/i.test(outerHTML)) return { "text/html": outerHTML, "text/plain": "an element" };
  // In a file of its own, as clients show it, an SVG must say what it is.
  const named = /^<svg[^>]*\sxmlns=/i.test(outerHTML);
  const svg = named ? outerHTML : outerHTML.replace(/^<svg/i, '<svg xmlns="http://www.w3.org/2000/svg"');
  return { "image/svg+xml": svg, "text/plain": "an SVG" };
}

function vegaOf(value: object): MediaBundle | undefined {
  const spec = (methodOf(value, "toSpec")?.call(value) ?? value) as { $schema?: unknown };
  const schema = typeof spec.$schema === "string" ? spec.$schema : "";
  const match = schema.match(/^https:\/\/vega\.github\.io\/schema\/(vega(?:-lite)?)\/v(\d+)/);
  if (match === null) return undefined;
  const type = `application/vnd.${match[1].replace("-", "")}.v${match[2]}+json`;
  return { [type]: spec, "text/plain": "a Vega chart" };
}
