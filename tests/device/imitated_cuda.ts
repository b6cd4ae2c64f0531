/**
 * A CUDA driver without a card: device memory is host memory, and what is submitted to a stream happens as late as it may,
 * when somebody waits for it or has asked often enough. What is computed on the CPU happens at once, as if its stream were
 * always done. Whoever forgets to wait reads old bytes.
 *
 * @module
 */
import { Device, type DeviceOptions } from "../../lib/device/device.ts";
import { makeBackend } from "../../lib/device/cuda/backend.ts";
import { type Address, CPU, type CudaDriver, hostAllocator, memoryAt, runtime } from "../../lib/ort/mod.ts";

/** How often it is asked whether a copy is done until it is. */
const ASKED = 3;

interface Task {
  /** What must be done before. */
  readonly after: Mark | null;
  readonly run: () => void;
  done: boolean;
}

/** Where in a stream an event stands. */
interface Mark {
  readonly tasks: readonly Task[];
  readonly stream: Address;
  asked: number;
}

/** The driver, with a record of what was asked of it. */
export class ImitatedDriver implements CudaDriver {
  readonly name = "imitated";
  /** Names of the calls, in order. */
  readonly calls: string[] = [];
  /** Bytes of device and of pinned memory in use. */
  liveBytes = 0;
  readonly #compute: Address;
  readonly #limit: number;
  readonly #host = hostAllocator(runtime().api);
  readonly #sizes = new Map<Address, number>();
  readonly #streams = new Map<Address, Task[]>();
  readonly #events = new Map<Address, Mark>();
  #handles = 0;

  /** A device of so much memory. */
  constructor(limit = Infinity) {
    this.#limit = limit;
    this.#compute = this.stream();
  }

  /** The stream that everything is computed on. */
  get compute(): Address {
    return this.#compute;
  }

  allocate(bytes: number): Address {
    if (this.liveBytes + bytes > this.#limit || bytes > 2 ** 40) return 0;
    const address = this.#host.allocate(bytes);
    new Uint8Array(memoryAt(address, bytes)).fill(0xcd);
    this.#sizes.set(address, bytes);
    this.liveBytes += bytes;
    return address;
  }

  free(address: Address): void {
    for (const stream of this.#streams.keys()) this.finish(stream); // as cudaFree does
    this.liveBytes -= this.#sizes.get(address)!;
    this.#sizes.delete(address);
    this.#host.free(address);
  }

  allocateHost(bytes: number): Address {
    this.calls.push("allocateHost");
    return this.allocate(bytes);
  }

  freeHost(address: Address): void {
    this.free(address);
  }

  memory(): { free: number; total: number } {
    return { free: this.#limit - this.liveBytes, total: this.#limit };
  }

  stream(): Address {
    this.#streams.set(++this.#handles, []);
    return this.#handles;
  }

  finish(stream: Address): void {
    for (const task of this.#streams.get(stream)!.splice(0)) this.#run(task);
  }

  copy(to: Address, from: Address, bytes: number, stream: Address): void {
    this.calls.push(stream === this.#compute ? "copy at once" : "copy");
    const run = () => new Uint8Array(memoryAt(to, bytes)).set(new Uint8Array(memoryAt(from, bytes)));
    this.#submit(stream, { after: null, run, done: false });
  }

  event(): Address {
    return ++this.#handles;
  }

  record(event: Address, stream: Address): void {
    this.calls.push("record");
    this.#events.set(event, { tasks: [...this.#streams.get(stream)!], stream, asked: 0 });
  }

  waitFor(event: Address, stream: Address): void {
    this.calls.push("waitFor");
    this.#submit(stream, { after: this.#events.get(event)!, run: () => {}, done: false });
  }

  isDone(event: Address): boolean {
    const mark = this.#events.get(event)!;
    if (++mark.asked >= ASKED) this.#complete(mark);
    return mark.tasks.every(({ done }) => done);
  }

  wait(event: Address): void {
    this.calls.push("wait");
    this.#complete(this.#events.get(event)!);
  }

  #submit(stream: Address, task: Task): void {
    this.#streams.get(stream)!.push(task);
    if (stream === this.#compute) this.finish(stream);
  }

  #complete({ tasks }: Mark): void {
    for (const task of tasks) this.#run(task);
  }

  #run(task: Task): void {
    if (task.done) return;
    if (task.after !== null) this.#complete(task.after);
    task.done = true;
    task.run();
  }
}

/** A device whose memory and copies are CUDA's, imitated, and whose ops run on the CPU. */
export function imitatedCuda(options?: DeviceOptions, driver: ImitatedDriver = new ImitatedDriver()): Device {
  const { hostMemory } = runtime();
  const card = { driver, memory: hostMemory, stream: driver.compute, engine: () => CPU };
  return new Device(makeBackend(card, false, hostMemory), options);
}
