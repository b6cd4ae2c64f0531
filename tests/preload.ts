/**
 * Runs before the tests of each file and before each documentation example: opens ONNX Runtime, which stays open as long
 * as the file's isolate. The sanitizers would blame whichever test uses a tensor first.
 *
 * @module
 */
import { runtime } from "../lib/ort/mod.ts";

runtime();
