/**
 * Which Vulkan drivers this machine offers, found as the Vulkan loader finds them: by manifest files. ONNX Runtime's
 * WebGPU provider stands on Vulkan on Linux; to look first lets a machine without a driver be told so in a sentence,
 * where the loader would print warnings.
 *
 * @module
 */

import { isFile, namesIn, pathsIn } from "./look.ts";

/** Variables that name manifests, in place of the folders or besides them. */
const VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES"];

/** Paths of the manifests that exist, those named by a variable first; none on other systems than Linux. */
export function vulkanDrivers(): string[] {
  if (Deno.build.os !== "linux") return [];
  const named = VARIABLES.flatMap((name) => pathsIn(name)).flatMap((path) =>
    path.endsWith(".json") ? [path] : manifests(path)
  );
  return [...new Set([...named.filter(isFile), ...folders().flatMap(manifests)])];
}

function folders(): string[] {
  const home = Deno.env.get("HOME");
  const roots = [
    ...pathsIn("XDG_CONFIG_HOME"),
    ...pathsIn("XDG_CONFIG_DIRS"),
    ...pathsIn("XDG_DATA_HOME"),
    ...pathsIn("XDG_DATA_DIRS"),
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

function manifests(folder: string): string[] {
  return namesIn(folder).filter((name) => name.endsWith(".json")).map((name) => `${folder}/${name}`);
}
