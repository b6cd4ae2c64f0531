/**
 * The thread that copies between raw addresses, or between an address and a file, and the ring through which it is fed:
 * a `SharedArrayBuffer` with two counters, slots of five numbers (task, file, source, target, bytes), and a text for each
 * slot, which says why its task failed. The function below is sent to the thread as text, so that no file has to be
 * loaded there: where the library was imported over http, loading one would need the main thread, which may be waiting
 * for the copy. It may therefore use nothing from outside itself.
 *
 * A file is opened here, as a thread of Deno knows only the files that it opened itself, and loses its name at once:
 * whatever ends the process, the system then takes the file back.
 *
 * @module
 */

/** How the ring is laid out: sizes in bytes, but for `slots` and `numbers`. */
export const RING = {
  /** Copies that may be under way at once, a power of two. */
  slots: 256,
  /** Before the slots: the counter of tasks asked for, the counter of those finished. */
  header: 8,
  /**
   * Numbers of a slot. When the task is finished, the first is the length of the slot's text, and the second the time,
   * in microseconds since 1970: each thread's `performance.now()` has an origin of its own.
   */
  numbers: 5,
  /** The longest text of a slot. */
  text: 256,
};

/** What a slot may ask for. */
export const TASK = { copy: 0, write: 1, read: 2, open: 3, truncate: 4, close: 5 };

/** Serves the ring for ever: the thread ends with the process. */
export function copyLoop(
  ring: SharedArrayBuffer,
  { slots, header, numbers, text }: typeof RING,
  fs: typeof import("node:fs"),
): never {
  const [ASKED, FINISHED] = [0, 1];
  const control = new Int32Array(ring, 0, 2);
  const entries = new BigUint64Array(ring, header, slots * numbers);
  const texts = new Uint8Array(ring, header + slots * numbers * 8);
  const handles = new Map<number, number>();
  const at = (address: number, bytes: number) => {
    if (bytes === 0) return new Uint8Array(0);
    const pointer = Deno.UnsafePointer.create(BigInt(address)) as Deno.PointerObject;
    return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, bytes));
  };
  /** The system may take or give less than it is asked for. */
  const wholly = (bytes: number, part: (done: number, most: number) => number) => {
    for (let done = 0; done < bytes;) {
      const moved = part(done, Math.min(bytes - done, 1 << 30));
      if (moved === 0) throw new Error(`only ${done} bytes`);
      done += moved;
    }
  };
  // In the order of TASK.
  const tasks: ((from: number, to: number, bytes: number, file: number) => void)[] = [
    (from, to, bytes) => at(to, bytes).set(at(from, bytes)),
    (from, to, bytes, file) => {
      const source = at(from, bytes);
      wholly(bytes, (done, most) => fs.writeSync(handles.get(file)!, source, done, most, to + done));
    },
    (from, to, bytes, file) => {
      const target = at(to, bytes);
      wholly(bytes, (done, most) => fs.readSync(handles.get(file)!, target, done, most, from + done));
    },
    (from, _to, bytes, file) => {
      const path = new TextDecoder().decode(at(from, bytes));
      const handle = fs.openSync(path, "wx+", 0o600);
      try {
        fs.unlinkSync(path);
      } catch (error) {
        fs.closeSync(handle);
        fs.unlinkSync(path);
        throw error;
      }
      handles.set(file, handle);
    },
    (_from, to, _bytes, file) => fs.ftruncateSync(handles.get(file)!, to),
    (_from, _to, _bytes, file) => {
      fs.closeSync(handles.get(file)!);
      handles.delete(file);
    },
  ];
  let finished = 0;
  for (;;) {
    if (Atomics.load(control, ASKED) === finished) {
      Atomics.wait(control, ASKED, finished);
      continue;
    }
    const slot = finished & (slots - 1);
    const [task, file, from, to, bytes] = Array.from(
      entries.subarray(slot * numbers, (slot + 1) * numbers),
      Number,
    );
    let said = new Uint8Array(0);
    try {
      tasks[task](from, to, bytes, file);
    } catch (error) {
      said = new TextEncoder().encode((error as Error).message).subarray(0, text);
    }
    texts.set(said, slot * text);
    entries[slot * numbers] = BigInt(said.length);
    entries[slot * numbers + 1] = BigInt(Math.round(1000 * (performance.timeOrigin + performance.now())));
    finished = (finished + 1) | 0;
    Atomics.store(control, FINISHED, finished);
    Atomics.notify(control, FINISHED);
  }
}
