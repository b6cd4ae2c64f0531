/**
 * What sessions run on: an execution provider with its settings.
 *
 * @module
 */
import type { Address } from "./api.ts";

/** A kind of device in ONNX Runtime's terms. */
export type Provider = "cpu" | "webgpu" | "cuda";

/** An execution provider as sessions are made for it. */
export interface Engine {
  /** ONNX Runtime's name of it. */
  readonly provider: Provider;
  /** Engines of one key share sessions. */
  readonly key: string;
  /** `OrtRunOptions` of every run; 0: none. */
  readonly runOptions: Address;
  /** Whether nodes can be told to run on the CPU. */
  readonly places: boolean;
  /** Makes options those of a session on it; with `onHost`, nodes that are marked so run on the CPU. */
  configure(options: Address, onHost: boolean): void;
}

/** The processor itself. */
export const CPU: Engine = { provider: "cpu", key: "cpu", runOptions: 0, places: false, configure() {} };
