/**
 * The one-line test of an op: `checkOp("add", (a, b) => ebb.add(a, b))` compares it with every stored case of that name
 * (`reference/`), on every device that this machine has, in every floating type:
 *
 * - outputs and gradients with those of PyTorch; an op may refuse a type other than float32, with a sentence,
 *   but not its gradient alone;
 * - gradients with finite differences, in float64 where the op runs in it (on the CPU);
 * - gradients of gradients likewise, for a few small cases; an op may refuse those, with a sentence;
 * - the same once more with images in the blocked layout of the CPU's convolutions, where channels fill blocks;
 * - no storage is left after a case, nor outside of any scope once operands and outputs are freed.
 *
 * `EBB_DEVICE=cpu` (or another kind) keeps to that device.
 *
 * @module
 */
import { AssertionError } from "@std/assert";
import type { Device } from "../../lib/device/mod.ts";
import { webgpuComputesHalf } from "../../lib/ort/mod.ts";
import type { DType, Shape } from "../../mod.ts";
import { difference, TOLERANCE } from "./compare.ts";
import { presentDevices } from "./devices.ts";
import {
  canBeBlocked,
  forward,
  operandValues,
  type OpFunction,
  outputsAndGradients,
  secondGradients,
  type Setting,
  storagesLeft,
  type Values,
} from "./evaluate.ts";
import { secondSlopes, type Slope, slopes } from "./finite_differences.ts";
import { type Case, readCases } from "./reference/cases.ts";

const TYPES: readonly DType[] = ["float32", "float64", "float16", "bfloat16"];
/** Failing cases that a message lists. */
const LISTED = 8;
/** Elements in all of a case whose second derivatives are looked at. */
const SMALL = 128;
/** What a fused gradient says that cannot be differentiated itself. */
const NO_SECOND = /expected operands that need no gradient, as it has none, but found one that does/;

/** What an op needs that differs from most. */
export interface CheckOptions {
  /** How many times the usual tolerance is granted, where an op adds up many rounded numbers. */
  readonly slack?: number;
  /** The same on other devices than the CPU: WGSL promises no more than 2^-11 of some functions. */
  readonly slackOffCpu?: number;
}

/** What a {@link checkOp} line says. */
export interface Line {
  readonly name: string;
  readonly fn: OpFunction;
  readonly cases: readonly Case[];
}

/** Every line that was read so far: what the table of types in the README is made from. */
export const lines: Line[] = [];

const stored = readCases();

/** Registers the tests of one op. */
export function checkOp(name: string, fn: OpFunction, options: CheckOptions = {}): void {
  const cases = stored.get(name);
  if (cases === undefined) {
    throw new Error(`checkOp: expected an op that tests/tensor/reference has cases of but found "${name}"`);
  }
  lines.push({ name, fn, cases });
  for (const { kind, open } of presentDevices()) {
    Deno.test(`${name}() agrees with PyTorch in value and gradient on ${kind}`, () => {
      const device = open();
      const faults: string[] = [];
      const slack = (device.provider === "cpu" ? undefined : options.slackOffCpu) ?? options.slack ?? 1;
      for (const a of cases) faults.push(...checkCase(fn, a, device, slack));
      device.emptyCache();
      if (faults.length === 0) return;
      const more = faults.length > LISTED ? `\n… and ${faults.length - LISTED} more` : "";
      throw new AssertionError(faults.slice(0, LISTED).map((fault) => `${name}: ${fault}`).join("\n") + more);
    });
  }
}

/** Everything that is wrong with one case on one device. */
function checkCase(fn: OpFunction, a: Case, device: Device, slack: number): string[] {
  const faults: string[] = [];
  const supported: DType[] = [];
  const floating = a.operands.some(({ dtype }) => dtype === "float");
  const types = TYPES.filter((dtype) =>
    dtype === "float32" || (floating && (a.types?.includes(dtype) ?? true) && isTried(dtype, a, device))
  );
  const attempt = (setting: Setting, check: () => string[]) => {
    const before = device.memory().storages;
    try {
      for (const fault of check()) faults.push(`${describe(a, setting)}: ${fault}`);
    } catch (error) {
      const { message } = error as Error;
      if (!isRefusal(message, setting.dtype)) faults.push(`${describe(a, setting)}: threw ${message}`);
      else if (runsForward(fn, a, setting)) {
        faults.push(`${describe(a, setting)}: gives a value, but its gradient refuses the type: ${message}`);
      }
    }
    const left = device.memory().storages - before;
    if (left !== 0) faults.push(`${describe(a, setting)}: left ${left} storages`);
  };
  for (const dtype of types) {
    const setting = { device, dtype };
    attempt(setting, () => {
      const wrong = compare(a, outputsAndGradients(fn, a, setting), setting, slack);
      supported.push(dtype);
      return wrong;
    });
  }
  if (device.provider !== "cpu") return faults;
  attempt({ device, dtype: "float32" }, () => {
    const left = storagesLeft(fn, a, { device, dtype: "float32" });
    return left === 0 ? [] : [`leaves ${left} storages outside of any scope`];
  });
  if (canBeBlocked(a)) {
    const setting: Setting = { device, dtype: "float32", blocked: true };
    attempt(setting, () => compare(a, outputsAndGradients(fn, a, setting), setting, slack));
  }
  if (a.kink || a.gradients.length === 0) return faults;
  const setting: Setting = { device, dtype: supported.includes("float64") ? "float64" : "float32" };
  attempt(setting, () => {
    const { gradients } = outputsAndGradients(fn, a, setting);
    return compareSlopes(a, setting, "gradient", gradients, slopes(fn, a, setting));
  });
  if (isSmall(a)) {
    attempt(setting, () => {
      const gradients = trySecond(fn, a, setting);
      return gradients === null
        ? []
        : compareSlopes(a, setting, "second derivative", gradients, secondSlopes(fn, a, setting));
    });
  }
  return faults;
}

function compare(
  a: Case,
  found: { outputs: Values[]; gradients: (Values | null)[] },
  { device, dtype }: Setting,
  slack: number,
): string[] {
  if (found.outputs.length !== a.outputs.length) {
    return [`expected ${a.outputs.length} outputs but found ${found.outputs.length}`];
  }
  const tolerance = TOLERANCE[dtype]! * slack;
  const { provider } = device;
  const faults = a.outputs.map((output, j) => {
    const wanted = output.dtype === "float" ? dtype : output.dtype;
    const wrong = compareTensor(found.outputs[j], wanted, output.shape, a.expected[j], tolerance, provider);
    return wrong && `output ${j}: ${wrong}`;
  });
  a.gradients.forEach((operand, g) => {
    const expected = a.expectedGradients[g];
    const gradient = found.gradients[g];
    // No gradient is as good as a gradient of zeros.
    const wrong = gradient === null
      ? (expected.some((x) => x !== 0) ? "expected one but found none" : null)
      : compareTensor(gradient, dtype, a.operands[operand].shape, expected, 2 * tolerance, provider);
    faults.push(wrong && `gradient of operand ${operand}: ${wrong}`);
  });
  return faults.filter((fault) => typeof fault === "string");
}

function compareTensor(
  found: Values,
  dtype: DType,
  shape: Shape,
  expected: Float32Array,
  tolerance: number,
  provider: string,
): string | null {
  const wanted = `${dtype}[${shape}]`;
  const type = `${found.dtype}[${found.shape}]`;
  return wanted === type
    // WGSL may take it that there are no NaNs.
    ? difference(found.values, expected, shape, tolerance, provider !== "cpu")
    : `expected ${wanted} but found ${type}`;
}

function compareSlopes(
  a: Case,
  setting: Setting,
  what: string,
  gradients: readonly (Values | null)[],
  expected: readonly Slope[],
): string[] {
  const tolerance = (setting.dtype === "float64" ? 1e-5 : 1e-2) *
    Math.max(1, ...gradients.flatMap((gradient) => gradient?.values.map(Math.abs) ?? []));
  return expected.flatMap(({ gradient, element, value }) => {
    const found = gradients[gradient]?.values[element] ?? 0;
    if (Math.abs(found - value) <= tolerance) return [];
    return [
      `${what} of operand ${
        a.gradients[gradient]
      }, element ${element}: finite differences give ${value} but found ${found}`,
    ];
  });
}

function isSmall({ operands, outputs }: Case): boolean {
  const elements = [...operands, ...outputs].map(({ shape = [] }) => shape.reduce((x, y) => x * y, 1));
  return elements.every((count) => count > 0) && elements.reduce((x, y) => x + y, 0) <= SMALL;
}

/** Second derivatives; null where the op says that its gradient has none. */
function trySecond(fn: OpFunction, a: Case, setting: Setting): (Values | null)[] | null {
  try {
    return secondGradients(fn, a, setting);
  } catch (error) {
    if (NO_SECOND.test((error as Error).message)) return null;
    throw error;
  }
}

/** Off the CPU, types that the device does not compute in take a long way round: one case shows that they arrive. */
function isTried(dtype: DType, a: Case, { provider }: Device): boolean {
  return provider === "cpu" || a.number === 0 || (dtype === "float16" && webgpuComputesHalf());
}

/** An op need not run in every type, but says so. */
function isRefusal(message: string, dtype: DType): boolean {
  return dtype !== "float32" && /: expected .* but found /.test(message) && message.includes(dtype);
}

/** Whether the outputs alone are computed; nothing is where all are empty. */
function runsForward(fn: OpFunction, a: Case, setting: Setting): boolean {
  try {
    return forward(fn, a, operandValues(a), setting).some(({ values }) => values.length > 0);
  } catch {
    return false;
  }
}

function describe(a: Case, { device, dtype, blocked }: Setting): string {
  const operands = a.operands.map(({ kind, shape, dtype, value }) =>
    kind === "none" ? "null" : kind === "number" ? value : `${dtype === "float" ? "" : dtype}[${shape}]`
  );
  const options = Object.keys(a.options).length > 0 ? ` ${JSON.stringify(a.options)}` : "";
  return `case ${a.number} (${operands.join(" ")}${options}) on ${device.name} in ${dtype}${
    blocked ? ", blocked" : ""
  }`;
}
