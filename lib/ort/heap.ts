/**
 * The C library's heap, from which ONNX Runtime's host memory comes. What is freed stays with the process there, in case
 * it is wanted again; on Linux with glibc it can be told to give that back.
 *
 * @module
 */

/** Gives freed memory of the heap back to the machine (tens of milliseconds). Does nothing where that cannot be asked for. */
export function trimHeap(): void {
  if (Deno.build.os !== "linux") return;
  try {
    const libc = Deno.dlopen("libc.so.6", { malloc_trim: { parameters: ["usize"], result: "i32" } });
    libc.symbols.malloc_trim(0n);
    libc.close();
  } catch {
    // another C library
  }
}
