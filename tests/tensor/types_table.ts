/**
 * The README's table of types: which op runs in which type, on which device. Found by running each op's stored cases,
 * so it says what is so. `deno run -A tests/tensor/types_table.ts` writes it into the README.
 *
 * @module
 */
import { type DType, DTYPES, isFloating } from "../../lib/tensor/dtype.ts";
import type { Device } from "../../lib/device/mod.ts";
import { presentDevices } from "./devices.ts";
import { type Line, lines } from "./check_op.ts";
import { forward, operandValues, outputsAndGradients } from "./evaluate.ts";
import type { Case } from "./reference/cases.ts";

const README = new URL("../../README.md", import.meta.url);
const [START, END] = ["<!-- ops table -->", "<!-- /ops table -->"];
/**
 * Whether a case runs in a type: with its gradient where there is one. Whole numbers stand for floats in other types;
 * null where the case has numbers that do not fit those.
 */
function runs({ fn }: Line, a: Case, device: Device, dtype: DType): boolean | null {
  try {
    const setting = { device, dtype };
    if (isFloating(dtype) && a.gradients.length > 0) outputsAndGradients(fn, a, setting);
    else forward(fn, a, operandValues(a), setting);
    return true;
  } catch (error) {
    const { message } = error as Error;
    return isFloating(dtype) || isRefusal(message, dtype) ? false : null;
  }
}

/** A sentence that names the type, and not a number that the type cannot hold. */
function isRefusal(message: string, dtype: DType): boolean {
  return message.includes(dtype) && !message.includes("expected a whole number beside");
}

/** Whether an op runs in a type, which is to say most of its cases: trivial ones need no kernel. */
function mostRun(line: Line, cases: readonly Case[], device: Device, dtype: DType): boolean {
  const found = cases.map((a) => runs(line, a, device, dtype)).filter((ran) => ran !== null);
  return found.filter(Boolean).length * 2 > found.length;
}

/** The case for another type; where no operand is floating, all take it. */
function inType(a: Case, dtype: DType): Case | null {
  const isData = ({ kind, dtype }: Case["operands"][number]) =>
    kind !== "number" && kind !== "none" && dtype === "float";
  if (a.operands.some(isData)) return isFloating(dtype) && a.types && !a.types.includes(dtype) ? null : a;
  const operands = a.operands.map((operand) => operand.dtype ? { ...operand, dtype } : operand);
  return { ...a, operands: operands as Case["operands"] };
}

/** What an op does in each type: kinds of devices on which it runs. */
function row(line: Line, devices: readonly { kind: string; device: Device }[]): string {
  return DTYPES.map((dtype) => {
    const cases = line.cases.filter((a) => a.outputs.some(({ shape }) => !shape.includes(0)));
    const fitting = cases.map((a) => inType(a, dtype)).filter((a) => a !== null);
    const found = devices.filter(({ device }) => mostRun(line, fitting, device, dtype));
    return found.length === devices.length ? "●" : found.map(({ kind }) => kind).join(" ");
  }).join(" | ");
}

/** The table: ops that run in the same types share a row. */
export function typesTable(): string {
  const devices = presentDevices().map(({ kind, open }) => ({ kind, device: open() }));
  const rows = new Map<string, string[]>();
  for (const line of [...lines].sort((a, b) => a.name.localeCompare(b.name))) {
    const cells = row(line, devices);
    rows.set(cells, [...rows.get(cells) ?? [], `\`${line.name}\``]);
  }
  const sorted = [...rows].sort(([, a], [, b]) => b.length - a.length);
  return [
    `| ${DTYPES.join(" | ")} | op |`,
    `|${" :-: |".repeat(DTYPES.length)} --- |`,
    ...sorted.map(([cells, names]) => `| ${cells} | ${names.join(", ")} |`),
  ].join("\n");
}

/** Reads the lines of all op tests, whose tests are not run by this. */
export async function readLines(): Promise<void> {
  const folder = new URL("ops/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  for (const name of names) await import(new URL(name, folder).href);
}

if (import.meta.main) {
  await readLines();
  const kinds = presentDevices().map(({ kind }) => kind).join(" and ");
  const text =
    `● runs on ${kinds}, with its gradient where the type has fractions; a name: on that device alone; ` +
    "empty: refused in a sentence.";
  // A formatter would widen every row to the longest one.
  const table = `<!-- deno-fmt-ignore-start -->\n\n${typesTable()}\n\n<!-- deno-fmt-ignore-end -->`;
  const [before, rest] = (await Deno.readTextFile(README)).split(START);
  await Deno.writeTextFile(README, `${before}${START}\n\n${text}\n\n${table}\n\n${END}${rest.split(END)[1]}`);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", README.pathname] }).output();
}
