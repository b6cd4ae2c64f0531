/**
 * The parts that CUDA is made of on this machine: NVIDIA's driver, a build of ONNX Runtime with the CUDA provider beside
 * it, and the libraries that the provider needs. All but the driver come as Python packages, too, and are looked for
 * there as well, so that `pip install` is enough.
 *
 * @module
 */
import { isFile, namesIn, pathsIn } from "../look.ts";
import { neededBy } from "./elf.ts";
import { packageFolders } from "./python.ts";

/** A library that the provider needs. */
export interface CudaLibrary {
  /** As the system's loader knows it, such as `libcublas.so.13`. */
  readonly name: string;
  /** Where it is; the bare name where the loader finds it by itself; null: it is missing. */
  readonly path: string | null;
}

/** What of CUDA is here. */
export interface CudaParts {
  /** The version of NVIDIA's driver. */
  readonly driver?: string;
  /** ONNX Runtime's CUDA provider. */
  readonly provider?: string;
  /** What the provider needs, in the order in which it is loaded. */
  readonly libraries: readonly CudaLibrary[];
}

/** Loaded by the provider when it first meets a convolution or a Fourier transform. */
const LATER = ["libcudnn.so.9", "libcufft.so.12"];
/** The driver's own library, which no package brings. */
const DRIVER = "libcuda.so.1";
const WINDOWS = Deno.build.os === "windows";

/** Which package brings a library; CUDA 12's are named after it. */
const PACKAGES: Readonly<Record<string, string>> = {
  cudart: "nvidia-cuda-runtime",
  cublas: "nvidia-cublas",
  cublasLt: "nvidia-cublas",
  curand: "nvidia-curand",
  cufft: "nvidia-cufft",
  cudnn: "nvidia-cudnn-cu13",
  nvrtc: "nvidia-cuda-nvrtc",
};

/** The one command that brings what is missing besides the driver. */
export function remedyFor({ provider, libraries }: CudaParts): string | undefined {
  const packages = new Set(
    libraries.filter(({ path }) => path === null).map(({ name }) => {
      const key = /^lib(\w+)\.so/.exec(name)?.[1] ?? name;
      return PACKAGES[key] ?? `nvidia-${key}`;
    }),
  );
  if (provider === undefined) packages.add('"onnxruntime-gpu[cuda,cudnn]"').add("nvidia-cublas");
  return packages.size === 0 ? undefined : `pip install ${[...packages].join(" ")}`;
}

/**
 * ONNX Runtime's GPU build, from a Python package: the core whose provider lies beside it. Undefined where there is none.
 *
 * @param least the second number of the oldest version that will do: 30 of 1.30
 */
export function gpuBuild(least: number, folders: readonly string[] = packageFolders()): string | undefined {
  for (const folder of folders) {
    const capi = `${folder}/onnxruntime/capi`;
    const core = namesIn(capi).find((name) => {
      const version = /^libonnxruntime\.so\.1\.(\d+)/.exec(name);
      return version !== null && Number(version[1]) >= least;
    });
    if (core !== undefined && providerBeside(`${capi}/${core}`) !== undefined) return `${capi}/${core}`;
  }
  return undefined;
}

/** What of CUDA is here, beside the core at `core`. Loads nothing but the driver's own library. */
export function cudaParts(core: string, folders: readonly string[] = libraryFolders()): CudaParts {
  const driver = driverVersion();
  const provider = providerBeside(core);
  const parts = { ...(driver && { driver }), ...(provider && { provider }) };
  return { ...parts, libraries: provider === undefined ? [] : librariesOf(provider, folders) };
}

/** Version of NVIDIA's driver, or a word for it where it tells none; undefined: there is none. */
export function driverVersion(): string | undefined {
  try {
    const text = Deno.readTextFileSync("/proc/driver/nvidia/version");
    return /Kernel Module(?: for \S+)?\s+([\d.]+)/.exec(text)?.[1] ?? text.split("\n")[0];
  } catch {
    // Not Linux, or none: the library that every driver brings tells.
  }
  return loads(WINDOWS ? "nvcuda.dll" : DRIVER) ? "found" : undefined;
}

/** Path of the provider's library, which must lie beside the core. */
function providerBeside(core: string): string | undefined {
  const name = WINDOWS ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";
  const beside = core.replace(/[^\\/]*$/, name);
  return isFile(beside) ? beside : undefined;
}

function librariesOf(provider: string, folders: readonly string[]): CudaLibrary[] {
  if (Deno.build.os !== "linux") return []; // found by the system's loader, or its error says what is not
  const needed = neededBy(provider).filter((name) => /^lib(cu|nv)/.test(name) && name !== DRIVER);
  // One library needs another: the runtime comes first, and the light part of cuBLAS before the rest.
  const rank = (name: string) => ["libcudart", "libcublasLt"].indexOf(name.split(".")[0]) + 1 || 9;
  return [...needed, ...LATER.filter((name) => !needed.includes(name))]
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => ({ name, path: find(name, folders) }));
}

function find(name: string, folders: readonly string[]): string | null {
  for (const folder of folders) if (isFile(`${folder}/${name}`)) return `${folder}/${name}`;
  return loads(name) ? name : null;
}

/** Where CUDA's libraries usually are, those that the environment names first. */
function libraryFolders(): string[] {
  const packages = packageFolders().flatMap((folder) =>
    namesIn(`${folder}/nvidia`).map((name) => `${folder}/nvidia/${name}/lib`)
  );
  const toolkits = namesIn("/usr/local").filter((name) => /^cuda(-|$)/.test(name)).reverse();
  return [...pathsIn("LD_LIBRARY_PATH"), ...packages, ...toolkits.map((name) => `/usr/local/${name}/lib64`)];
}

/** Whether the system's loader finds a library by its name. */
function loads(name: string): boolean {
  try {
    Deno.dlopen(name, {}).close();
    return true;
  } catch {
    return false;
  }
}
