/**
 * Where in the user's code an op comes from: the first frame of the call stack outside of this library. To take a stack
 * down costs microseconds, to read its lines many times that, so that is done later, for all at once.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Where an op comes from. */
export interface CallSite {
  /** The user's line, `path:line`; null: none is on the stack. */
  readonly site: string | null;
  /** The modules whose forward pass is on the stack, the outermost first; null: none. */
  readonly module: string | null;
}

/** What V8 tells of a frame, as far as it is asked. */
interface Frame {
  getScriptNameOrSourceURL(): string | null;
  getLineNumber(): number | null;
  getMethodName(): string | null;
  getTypeName(): string | null;
}

/** V8's part of `Error` that TypeScript does not know. */
const v8 = Error as unknown as {
  stackTraceLimit: number;
  prepareStackTrace?: (error: Error, frames: readonly Frame[]) => unknown;
};

const LIBRARY = new URL("../", import.meta.url).href;
/** Every forward pass of a module has one frame in this file that is named for it. */
const FORWARD = new URL("../nn/hooks.ts", import.meta.url).href;
/** Frames that a stack may have; a user's line is rarely further than 30 away. */
const DEEPEST = 200;

/** The stack as it is now. It holds on to what runs on it: to be read soon. */
export function takeStack(): Error {
  const before = v8.stackTraceLimit;
  v8.stackTraceLimit = DEEPEST;
  const stack = new Error();
  v8.stackTraceLimit = before;
  return stack;
}

/** Where stacks of {@linkcode takeStack} come from. */
export function callSitesOf(stacks: readonly Error[]): CallSite[] {
  const before = v8.prepareStackTrace;
  v8.prepareStackTrace = (_, frames) => callSiteOf(frames);
  try {
    return stacks.map(({ stack }) => stack as unknown as CallSite);
  } finally {
    v8.prepareStackTrace = before;
  }
}

function callSiteOf(frames: readonly Frame[]): CallSite {
  let site: string | null = null;
  const modules: string[] = [];
  for (const frame of frames) {
    const [file, line] = [frame.getScriptNameOrSourceURL(), frame.getLineNumber()];
    if (file === FORWARD && frame.getMethodName() === "forward") modules.push(frame.getTypeName() ?? "?");
    // Built-in functions have no line. Cells of a notebook have one, but no file.
    if (site !== null || line === null || /^(ext|node|native):/.test(file ?? "")) continue;
    if (!file?.startsWith(LIBRARY)) site = `${pathOf(file)}:${line}`;
  }
  return { site, module: modules.length === 0 ? null : modules.reverse().join("/") };
}

function pathOf(file: string | null): string {
  if (!file) return "<anonymous>";
  return file.startsWith("file:") ? fileURLToPath(file) : file;
}
