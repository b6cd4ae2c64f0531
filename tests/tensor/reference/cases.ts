/**
 * The stored cases: what was computed, and PyTorch's outputs and gradients. Written by `make.py`.
 *
 * @module
 */
import type { Operand } from "./operands.ts";

/** An output as PyTorch gave it. */
export interface Output {
  readonly dtype: Operand["dtype"];
  readonly shape: readonly number[];
  /** Whether a gradient flows through it. */
  readonly grad: boolean;
}

/** One computation. */
export interface Case {
  readonly op: string;
  /** Position among the cases of its op. */
  readonly number: number;
  readonly seed: number;
  readonly operands: readonly Operand[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Output[];
  /** Which operands have gradients stored. */
  readonly gradients: readonly number[];
  /** Where the function has a kink at or next to some operand, so that finite differences mean nothing. */
  readonly kink?: boolean;
  /** The floating types that hold the operands exactly; all where not said. */
  readonly types?: readonly string[];
  /** PyTorch's outputs. */
  readonly expected: readonly Float32Array[];
  /** PyTorch's gradients of the operands in `gradients`. */
  readonly expectedGradients: readonly Float32Array[];
}

const FOLDER = new URL("./", import.meta.url);

/** All cases, by op. */
export function readCases(): Map<string, Case[]> {
  const values = decode(Deno.readFileSync(new URL("values.safetensors", FOLDER)));
  const cases = new Map<string, Case[]>();
  for (const line of Deno.readTextFileSync(new URL("cases.jsonl", FOLDER)).trim().split("\n")) {
    const stored = JSON.parse(line) as Case & { start: number };
    const group = cases.get(stored.op) ?? [];
    cases.set(stored.op, group);
    let at = stored.start;
    const next = ({ shape }: { shape: readonly number[] }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return values.get(stored.op)!.subarray(at, at += size);
    };
    const expected = stored.outputs.map(next);
    const expectedGradients = stored.gradients.map((i) => next(stored.operands[i]));
    group.push({ ...stored, number: group.length, expected, expectedGradients });
  }
  return cases;
}

/** The float32 vectors of a safetensors file, by name; read here, so that a fault in `lib/files` shows as its own. */
function decode(file: Uint8Array<ArrayBuffer>): Map<string, Float32Array> {
  const start = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, start))) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header).map(([name, { data_offsets: [from, to] }]) => [
      name,
      new Float32Array(file.buffer, start + from, (to - from) / 4),
    ]),
  );
}
