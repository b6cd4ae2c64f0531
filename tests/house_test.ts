/**
 * The rules of the house that no compiler knows: which room may import from which, what a shipped file may import at
 * all, that a file says what it is, that it stays small enough to be one idea, and that what is public has an example.
 *
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import offline from "./offline.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);
const LONGEST = 400;

/**
 * The rooms of `lib/` in floors, the lowest first: a room imports from lower floors and itself. Rooms of one floor may
 * import each other one way only.
 */
const FLOORS = [
  ["ort", "notebook"],
  ["device"],
  ["tensor"],
  ["data", "files", "nn", "optim"],
  ["swap", "backdoor"],
  ["chart", "frames"],
];

interface Import {
  /** Path of the importing file from the root, such as `lib/nn/linear.ts`. */
  from: string;
  /** As written. */
  specifier: string;
  /** Path of the imported file from the root, `undefined` for a package. */
  to: string | undefined;
}

const shipped = ["mod.ts", "frames.ts", ...walk("lib"), ...walk("kernels")].filter((path) =>
  path.endsWith(".ts")
);
const imports = await importsOf(shipped);

Deno.test("shipped files import by relative path, npm: or node: only", () => {
  const wrong = imports.filter(({ specifier }) => !/^(\.{1,2}\/|npm:|node:)/.test(specifier));
  assertEquals(wrong.map(say), []);
});

Deno.test("shipped files import no file that is not shipped", () => {
  const roots = config.publish.include;
  const wrong = imports.filter(({ to }) =>
    to !== undefined && !roots.some((root) => to === root || to.startsWith(`${root}/`))
  );
  assertEquals(wrong.map(say), []);
});

Deno.test("npm: packages are pinned, each to one version in the whole house", () => {
  const packages = imports.filter(({ specifier }) => specifier.startsWith("npm:"));
  assertEquals(packages.filter(({ specifier }) => !/@\d+\.\d+\.\d+(\/|$)/.test(specifier)).map(say), []);

  const versions = new Map<string, Set<string>>();
  for (const { specifier } of packages) {
    const [, name, version] = specifier.match(/^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/]+)/)!;
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  }
  assertEquals([...versions].filter(([, found]) => found.size > 1), []);
});

Deno.test("every room stands on a floor", () => {
  const rooms = new Set(shipped.map(room).filter((name) => name !== undefined));
  assertEquals([...rooms].filter((name) => floor(name) < 0), [], "add the room to FLOORS in this file");
});

Deno.test("imports between rooms point down", () => {
  const wrong = imports.filter(({ from, to }) => {
    const [above, below] = [room(from), to === undefined ? undefined : room(to)];
    return below !== undefined && !["mod.ts", "frames.ts"].includes(from) && !from.startsWith("kernels/") &&
      (above === undefined || floor(below) > floor(above));
  });
  assertEquals(wrong.map(say), []);
});

Deno.test("two rooms of one floor do not import each other", () => {
  const pairs = new Set<string>();
  for (const { from, to } of imports) {
    const [a, b] = [room(from), to === undefined ? undefined : room(to)];
    if (a !== undefined && b !== undefined && a !== b && floor(a) === floor(b)) pairs.add(`${a} → ${b}`);
  }
  assertEquals([...pairs].filter((pair) => pairs.has(pair.split(" → ").reverse().join(" → "))), []);
});

Deno.test("shipped files open with a paragraph that ends in or starts with @module", () => {
  const wrong = shipped.filter((path) => !/^\/\*\*(?:(?!\*\/)[^])*@module\b/.test(read(path)));
  assertEquals(wrong, []);
});

Deno.test(`files in lib are at most ${LONGEST} lines long`, () => {
  const lengths = shipped.map((path) => ({ path, lines: read(path).trimEnd().split("\n").length }));
  assertEquals(lengths.filter(({ lines }) => lines > LONGEST), []);
});

Deno.test("every public function, class and namespace has an example, which runs as a test", async () => {
  const spaces = [...read("mod.ts").matchAll(/^export \* as \w+ from "\.\/(.+)";$/gm)].map(([, path]) =>
    path
  );
  const symbols = await symbolsOf(["mod.ts", "frames.ts", ...spaces]);
  assert(symbols.length > 300, `${symbols.length} symbols`);
  const kinds = ["function", "class", "variable", "namespace"];
  const without = symbols.filter(({ declarations }) =>
    declarations.some(({ kind }) => kinds.includes(kind)) &&
    !declarations.some(({ jsDoc }) => jsDoc?.tags?.some(({ kind }) => kind === "example"))
  );
  assertEquals(without.map(({ name }) => name), []);
});

Deno.test("the offline import map has every name that the tests may import", () => {
  assertEquals(Object.keys(offline.imports), Object.keys(config.imports));
});

Deno.test("the import scan sees imports", () => {
  assertNotEquals(imports.filter(({ from }) => from === "mod.ts").length, 0);
});

/** The room that a path lies in; a file directly in `lib/`, such as `lib/deps.ts`, lies below all rooms. */
function room(path: string): string | undefined {
  return path.match(/^lib\/([^/]+)\//)?.[1];
}

function floor(name: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(name));
}

function say({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`;
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function walk(folder: string): string[] {
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(`${folder}/`, ROOT))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return entries.flatMap(({ name, isDirectory }) =>
    isDirectory ? walk(`${folder}/${name}`) : [`${folder}/${name}`]
  ).sort();
}

/** What Deno itself finds that each file imports: types and dynamic imports too, examples in comments not. */
async function importsOf(paths: string[]): Promise<Import[]> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const lines = paths.map((path) => `import ${JSON.stringify(new URL(path, ROOT).href)};`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-lock", "--no-config", entry],
      cwd: ROOT,
      stderr: "null",
    }).output();
    const graph = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: { specifier: string; dependencies?: Dependency[] }[];
    };
    return graph.modules
      .filter(({ specifier }) => specifier.startsWith(ROOT.href))
      .flatMap(({ specifier, dependencies = [] }) =>
        dependencies.map((dependency) => {
          const target = (dependency.code ?? dependency.type)?.specifier;
          return {
            from: specifier.slice(ROOT.href.length),
            specifier: dependency.specifier,
            to: target?.startsWith(ROOT.href) ? target.slice(ROOT.href.length) : undefined,
          };
        })
      );
  } finally {
    await Deno.remove(entry);
  }
}

/** What some modules export, with what is inside of their namespaces, as Deno's documentation has it. */
async function symbolsOf(paths: string[]): Promise<Documented[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...paths],
    cwd: ROOT,
    stderr: "null",
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<string, { symbols: Documented[] }>;
  };
  const within = (symbol: Documented): Documented[] => [
    symbol,
    ...symbol.declarations.flatMap(({ def }) => def?.elements ?? []).flatMap(within),
  ];
  return Object.values(nodes).flatMap(({ symbols }) => symbols.flatMap(within));
}

interface Documented {
  name: string;
  declarations: {
    kind: string;
    jsDoc?: { tags?: { kind: string }[] };
    def?: { elements?: Documented[] };
  }[];
}

interface Dependency {
  specifier: string;
  code?: { specifier?: string };
  type?: { specifier?: string };
}
