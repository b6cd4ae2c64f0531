/**
 * Runs before the tests of each file and before each documentation example. It opens ONNX Runtime, which stays open as
 * long as the process: the sanitizers would blame whichever test uses a tensor first. And it releases ONNX Runtime's
 * environment when the file is done: Deno runs each file in an isolate of its own, all in one process, which has one
 * environment; the next file would get this one, and with it an allocator that calls back into an isolate that is gone.
 *
 * @module
 */
import { runtime } from "../lib/ort/mod.ts";

const RELEASE_ENV = 92; // slot of the C API

const { api, env } = runtime();
addEventListener("unload", () => api.release(RELEASE_ENV)(env));
