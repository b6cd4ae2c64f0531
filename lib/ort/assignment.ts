/**
 * Which nodes of a session run on the CPU though the session is another provider's: ONNX Runtime puts there what that
 * provider has no kernel for, without a word.
 *
 * @module
 */
import { type Address, cString, memoryAt } from "./api.ts";
import type { Provider } from "./engine.ts";
import { runtime } from "./runtime.ts";

/** The provider that takes what no other one does. */
const HOST = "CPUExecutionProvider";

/** Has the sessions that are made with `options` remember where their nodes went. */
export function rememberAssignment(options: Address): void {
  const entry = runtime().api.method(130, ["address", "buffer", "buffer"]);
  entry(options, cString("session.record_ep_graph_assignment_info"), cString("1"));
}

/** The operators of the nodes that run on the CPU, each once. */
export function nodesOnHost(session: Address): string[] {
  const { api } = runtime();
  const found = new Set<string>();
  for (const part of listOf(407, session)) {
    if (textOf(api.maker(408, ["address"])(part)) !== HOST) continue;
    for (const node of listOf(409, part)) found.add(textOf(api.maker(412, ["address"])(node)));
  }
  return [...found].sort();
}

const noted = new Map<Provider, Map<string, Set<string>>>();

/** Notes that an op of Ebb's has such nodes on a provider. */
export function noteOnHost(provider: Provider, op: string, nodes: readonly string[]): void {
  if (nodes.length === 0) return;
  const ops = noted.get(provider) ?? new Map<string, Set<string>>();
  noted.set(provider, ops.set(op, new Set([...ops.get(op) ?? [], ...nodes])));
}

/** The ops that this process has met so far which run on the CPU in part, with the nodes that do, in a line. */
export function metOnHost(provider: Provider): string | undefined {
  const ops = [...noted.get(provider) ?? []].sort(([a], [b]) => a < b ? -1 : 1);
  return ops.length === 0
    ? undefined
    : ops.map(([op, nodes]) => `${op} (${[...nodes].join(", ")})`).join(", ");
}

/** What a function of the C API lists: an array of addresses and its length. */
function listOf(slot: number, of: Address): Address[] {
  const out = new BigUint64Array(2);
  runtime().api.method(slot, ["address", "buffer", "buffer"])(of, out, out.subarray(1));
  const [start, count] = Array.from(out, Number);
  return count === 0 ? [] : Array.from(new BigUint64Array(memoryAt(start, 8 * count)), Number);
}

function textOf(address: Address): string {
  return new Deno.UnsafePointerView(
    Deno.UnsafePointer.create(BigInt(address)) as Deno.PointerObject,
  ).getCString();
}
