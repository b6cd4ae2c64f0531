/**
 * What every result of these programs says of where it comes from, and how it is written.
 *
 * @module
 */
import { join } from "node:path";
import { writeAtomically } from "../lib/files/atomic.ts";

/** The day, such as "2026-11-27". */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** The command that started a program of this folder, as one would type it. */
export function commandOf(program: string): string {
  return [`deno run -A bench/${program}`, ...Deno.args].join(" ");
}

/** The machine in words. */
export function machine(): string {
  return `${navigator.hardwareConcurrency} processors, ${Deno.build.target}, Deno ${Deno.version.deno}`;
}

/** Writes a text into a folder, which is made. */
export async function writeResult(folder: string, file: string, text: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await writeAtomically(join(folder, file), [new TextEncoder().encode(text)], file);
}
