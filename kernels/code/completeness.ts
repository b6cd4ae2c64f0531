/**
 * Whether a text is a whole cell: consoles ask before they run it.
 *
 * @module
 */
import { syntaxErrors } from "./compile.ts";

/** An answer as the protocol has it. */
export interface Completeness {
  readonly status: "complete" | "incomplete" | "invalid";
  /** What the next line begins with. */
  readonly indent?: string;
}

/** What TypeScript says of a comment, a template or a regular expression without an end. */
const UNENDED = new Set([1010, 1160, 1126]);

/** Whether a text is a whole cell, the beginning of one, or none. */
export function completeness(source: string): Completeness {
  const errors = syntaxErrors(source);
  if (errors.length === 0) return { status: "complete" };
  const end = source.trimEnd().length;
  // No line can go on with a text that has no end.
  if (errors.some(({ code }) => code === 1002)) return { status: "invalid" };
  const open = errors.some(({ code, start }) => UNENDED.has(code) || start >= end);
  if (!open || errors[0].start < end && !UNENDED.has(errors[0].code)) return { status: "invalid" };
  const line = source.trimEnd().split("\n").at(-1)!;
  const indent = line.match(/^\s*/)![0];
  return { status: "incomplete", indent: /[{([]$/.test(line.trimEnd()) ? `${indent}  ` : indent };
}
