/**
 * Which Vulkan drivers this machine offers, found as the Vulkan loader finds them: by manifest files. ONNX Runtime's
 * WebGPU provider stands on Vulkan on Linux; to look first lets a machine without a driver be told so in a sentence,
 * where the loader would print warnings.
 *
 * @module
 */

/** Variables that name manifests, in place of the folders or besides them. */
const VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];

/** Paths of the manifests that exist, those named by a variable first; none on other systems than Linux. */
export function vulkanDrivers(): string[] {
  if (Deno.build.os !== "linux") return [];
  const named = VARIABLES.flatMap((name) => listed(name)).flatMap((path) =>
    path.endsWith(".json") ? [path] : manifests(path)
  );
  return [...new Set([...named.filter(exists), ...folders().flatMap(manifests)])];
}

function folders(): string[] {
  const home = Deno.env.get("HOME");
  const roots = [
    ...listed("XDG_CONFIG_HOME"),
    ...listed("XDG_CONFIG_DIRS"),
    ...listed("XDG_DATA_HOME"),
    ...listed("XDG_DATA_DIRS"),
    ...(home ? [`${home}/.config`, `${home}/.local/share`] : []),
    "/etc/xdg",
    "/etc",
    "/usr/local/etc",
    "/usr/local/share",
    "/usr/share",
    "/run/opengl-driver/share",
  ];
  return roots.map((root) => `${root}/vulkan/icd.d`);
}

function listed(variable: string): string[] {
  return (Deno.env.get(variable) ?? "").split(":").filter((path) => path !== "");
}

function manifests(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)]
      .filter(({ name }) => name.endsWith(".json"))
      .map(({ name }) => `${folder}/${name}`)
      .sort();
  } catch {
    return []; // no such folder, or none that may be read
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
