/**
 * `Deno.jupyter` as Deno's own kernel has it, so that what was written for that shows here, too; with `comms` and
 * `clear` besides.
 *
 * @module
 */
import { DISPLAY } from "../../lib/notebook/display.ts";
import { cellNow, type MediaBundle, tell } from "./channel.ts";
import { broadcast, comms } from "./comms.ts";
import { bundleOf } from "./display.ts";

/** Options of `Deno.jupyter.display`. */
interface DisplayOptions {
  /** Whether the value is a bundle already. */
  readonly raw?: boolean;
  /** Whether it takes the place of what was displayed with the same `display_id`. */
  readonly update?: boolean;
  readonly display_id?: string;
  readonly metadata?: Record<string, unknown>;
}

/** Displays that are not told yet, by cell. */
const underWay = new Map<number, Set<Promise<void>>>();

/** Kept when what a cell has begun to show is told. */
export async function displayed(cell: number): Promise<void> {
  for (let all; (all = underWay.get(cell)) !== undefined;) {
    underWay.delete(cell);
    await Promise.allSettled(all);
  }
}

/** Shows a value; what is told is on its way when the promise is kept. The cell does not end before. */
function display(value: unknown, options?: DisplayOptions): Promise<void> {
  const cell = cellNow();
  const shown = show(value, options);
  const all = underWay.get(cell) ?? new Set();
  underWay.set(cell, all.add(shown));
  shown.catch(() => {}).finally(() => all.delete(shown));
  return shown;
}

async function show(value: unknown, options: DisplayOptions = {}): Promise<void> {
  const { raw = false, update = false, display_id: id, metadata = {} } = options;
  const data = raw ? value as MediaBundle : await bundleOf(value);
  tell({ kind: "display", type: update ? "update_display_data" : "display_data", data, metadata, id });
}

/** A tagged template whose text is of a MIME type. */
function tagged(type: string) {
  return (strings: TemplateStringsArray, ...values: unknown[]) => {
    const text = String.raw({ raw: strings }, ...values);
    return { [DISPLAY]: () => ({ [type]: text, "text/plain": text }) };
  };
}

/** A picture from a file or from bytes. */
function image(from: string | Uint8Array) {
  const bytes = typeof from === "string" ? Deno.readFileSync(from) : from;
  return {
    [DISPLAY]: async () => {
      const bundle = await bundleOf(bytes);
      if ("text/plain" in bundle && Object.keys(bundle).length > 1) return bundle;
      throw new TypeError("image: expected a PNG, a JPEG or a GIF");
    },
  };
}

/** Puts it in the place of Deno's. */
export function installJupyter(): void {
  const jupyter = {
    $display: DISPLAY,
    display,
    md: tagged("text/markdown"),
    html: tagged("text/html"),
    svg: tagged("image/svg+xml"),
    image,
    broadcast: (
      type: string,
      content: Record<string, unknown>,
      { metadata = {}, buffers = [] }: {
        metadata?: Record<string, unknown>;
        buffers?: (ArrayBuffer | Uint8Array)[];
      } = {},
    ) => {
      const bytes = buffers.map((each) => each instanceof Uint8Array ? each : new Uint8Array(each));
      broadcast(type, content, { metadata, buffers: bytes });
      return Promise.resolve();
    },
    comms,
    /** Takes away what the cell has shown; with `wait`, when it next shows something. */
    clear: ({ wait = false } = {}) => broadcast("clear_output", { wait }),
  };
  Object.assign(Deno, { jupyter });
}
