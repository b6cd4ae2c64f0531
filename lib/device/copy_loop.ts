/**
 * The thread that copies between raw addresses, and the ring through which it is fed: a `SharedArrayBuffer` with two
 * counters and slots of three numbers (source, target, bytes). The function below is sent to the thread as text, so
 * that no file has to be loaded there: where the library was imported over http, loading one would need the main thread,
 * which may be waiting for the copy. It may therefore use nothing from outside itself.
 *
 * @module
 */

/** Copies that may be under way at once. */
export const SLOTS = 256;
/** Bytes before the slots: the counter of copies asked for, the counter of those finished. */
export const HEADER = 8;

/** Serves the ring for ever: the thread ends with the process. */
export function copyLoop(ring: SharedArrayBuffer, slots: number, header: number): never {
  const [ASKED, FINISHED] = [0, 1];
  const control = new Int32Array(ring, 0, 2);
  const entries = new BigUint64Array(ring, header);
  const at = (address: bigint, bytes: number) =>
    new Uint8Array(
      Deno.UnsafePointerView.getArrayBuffer(
        Deno.UnsafePointer.create(address) as Deno.PointerObject,
        bytes,
      ),
    );
  let finished = 0;
  for (;;) {
    if (Atomics.load(control, ASKED) === finished) {
      Atomics.wait(control, ASKED, finished);
      continue;
    }
    const entry = 3 * (finished & (slots - 1));
    const bytes = Number(entries[entry + 2]);
    at(entries[entry + 1], bytes).set(at(entries[entry], bytes));
    finished = (finished + 1) | 0;
    Atomics.store(control, FINISHED, finished);
    Atomics.notify(control, FINISHED);
  }
}
