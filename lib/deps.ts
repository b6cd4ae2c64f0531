/**
 * The versions of what Ebb stands on, in one place. Where a specifier must be a literal (JSON imports, dynamic
 * imports that `deno publish` analyses) the literal stands next to its use and this file is the one to compare with.
 *
 * @module
 */

/** ONNX Runtime: the library file inside its npm package is opened over FFI; the package's own binding is not used. */
export const ONNXRUNTIME = "1.30.0";
/** The oldest C API (minor version of ONNX Runtime) that has every function Ebb calls: `CopyTensors`, devices. */
export const ORT_API_VERSION = 23;
/** Observable Plot draws the charts. */
export const PLOT = "0.6.17";
/** resvg makes PNG files of charts, and DejaVu is the font that it writes with. */
export const [RESVG, DEJAVU] = ["2.6.2", "2.37.3"];
/** The document that Plot draws on where there is no browser. */
export const LINKEDOM = "0.18.12";
