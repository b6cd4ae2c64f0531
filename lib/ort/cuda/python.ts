/**
 * Where Python keeps packages on this machine: CUDA's libraries and ONNX Runtime's GPU build come as such, so whoever has
 * PyTorch has most of them.
 *
 * @module
 */
import { namesIn, pathsIn } from "../look.ts";

/** The folders of packages under a prefix such as `/usr/local` or that of a virtual environment. */
function packagesUnder(prefix: string): string[] {
  const versions = namesIn(`${prefix}/lib`).filter((name) => /^python3(\.\d+)?$/.test(name)).reverse();
  return [
    ...versions.flatMap((name) =>
      ["site-packages", "dist-packages"].map((kind) => `${prefix}/lib/${name}/${kind}`)
    ),
    `${prefix}/Lib/site-packages`, // Windows
  ];
}

/** The prefix of the `python3` that a shell would run. */
function prefixOnPath(): string | undefined {
  for (const folder of pathsIn("PATH")) {
    try {
      return Deno.realPathSync(`${folder}/python3`).replace(/\/bin\/[^/]*$/, "");
    } catch {
      // None there.
    }
  }
  return undefined;
}

/** Folders of Python packages that exist, those of an active environment first. */
export function packageFolders(): string[] {
  const get = (name: string) => Deno.env.get(name) || undefined;
  const home = get("HOME") ?? get("USERPROFILE");
  const pyenv = get("PYENV_ROOT") ?? (home === undefined ? undefined : `${home}/.pyenv`);
  const prefixes = [
    get("VIRTUAL_ENV"),
    get("CONDA_PREFIX"),
    prefixOnPath(),
    home === undefined ? undefined : `${home}/.local`,
    "/usr/local",
    "/usr",
    ...(pyenv === undefined
      ? []
      : namesIn(`${pyenv}/versions`).reverse().map((name) => `${pyenv}/versions/${name}`)),
  ];
  const folders = [
    ...prefixes.filter((prefix) => prefix !== undefined).flatMap(packagesUnder),
    "/usr/lib/python3/dist-packages",
  ];
  return [...new Set(folders)].filter((folder) => {
    try {
      return Deno.statSync(folder).isDirectory;
    } catch {
      return false;
    }
  });
}
