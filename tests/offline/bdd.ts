/**
 * Stands in for `@std/testing/bdd` where JSR cannot be reached: as there, an outermost `describe` is one test of Deno
 * and everything inside it a step, hooks run outermost first before a test and innermost first after it, and each test
 * sees a copy of what the hooks left on `this`. Left out: permissions, and suites passed as a first argument.
 *
 * @module
 */

/** What may stand between a name and a function. */
export interface Options {
  /** Register it, but do not run it. */
  ignore?: boolean;
  /** Run nothing but this and its like. */
  only?: boolean;
  /** Fail when an operation is still under way at the end; the default is the one in `deno.json`. */
  sanitizeOps?: boolean;
  /** Fail when a resource is still open at the end; the default is the one in `deno.json`. */
  sanitizeResources?: boolean;
  /** Fail when the test ends the process. */
  sanitizeExit?: boolean;
}

// deno-lint-ignore no-explicit-any -- what hooks leave on `this` has the shape that the test gives it
type Context = any;
type Body = (this: Context, t: Deno.TestContext) => void | Promise<void>;
type Hook = (this: Context) => void | Promise<void>;
type Args<Fn> = [name: string, fn: Fn] | [name: string, options: Options, fn: Fn];

interface Test {
  name: string;
  options: Options;
  body: Body;
}

class Suite {
  readonly beforeAll: Hook[] = [];
  readonly afterAll: Hook[] = [];
  readonly beforeEach: Hook[] = [];
  readonly afterEach: Hook[] = [];
  readonly members: (Suite | Test)[] = [];

  constructor(readonly name: string, readonly options: Options, readonly parent: Suite | undefined) {}

  /** Runs the members as steps of `t`, between this suite's own hooks. */
  async run(t: Deno.TestContext, inherited: Context): Promise<void> {
    const context = { ...inherited };
    await call(this.beforeAll, context);
    try {
      const chosen = this.members.some(hasOnly) ? this.members.filter(hasOnly) : this.members;
      for (const member of chosen) {
        await t.step({
          ...sanitizers(member.options),
          name: member.name,
          ignore: member.options.ignore ?? false,
          fn: (t) =>
            member instanceof Suite ? member.run(t, context) : runTest(t, member, this, { ...context }),
        });
      }
    } finally {
      await call(this.afterAll, context);
    }
  }
}

/** Runs one test inside the hooks of its suite and of every suite around that. */
async function runTest(t: Deno.TestContext, test: Test, innermost: Suite, context: Context): Promise<void> {
  let run = async () => await test.body.call(context, t);
  for (let suite: Suite | undefined = innermost; suite; suite = suite.parent) {
    const { beforeEach, afterEach } = suite;
    const inner = run;
    run = async () => {
      await call(beforeEach, context);
      try {
        await inner();
      } finally {
        await call(afterEach, context);
      }
    };
  }
  await run();
}

/** The suite whose body is being read; hooks outside every `describe` make one for the rest of the file. */
let current: Suite | undefined;

function registerSuite(name: string, options: Options, body: () => void): void {
  const parent = current;
  const suite = new Suite(name, options, parent);
  if (!options.ignore) {
    current = suite;
    try {
      body();
    } finally {
      current = parent;
    }
  }
  if (parent) parent.members.push(suite);
  else register(suite, (t) => suite.run(t, {}));
}

function registerTest(name: string, options: Options, body: Body): void {
  const test = { name, options, body };
  if (current) current.members.push(test);
  else register(test, (t) => body.call({}, t));
}

function register(member: Suite | Test, fn: (t: Deno.TestContext) => void | Promise<void>): void {
  const { name, options } = member;
  Deno.test({ ...sanitizers(options), name, ignore: options.ignore ?? false, only: hasOnly(member), fn });
}

function addHook(kind: "beforeAll" | "afterAll" | "beforeEach" | "afterEach", hook: Hook): void {
  if (!current) {
    const file = current = new Suite("global", {}, undefined);
    Deno.test("global", (t) => file.run(t, {}));
  }
  current[kind].push(hook);
}

function hasOnly(member: Suite | Test): boolean {
  return member.options.only === true || (member instanceof Suite && member.members.some(hasOnly));
}

function sanitizers({ ignore: _, only: __, ...rest }: Options): Options {
  return rest;
}

async function call(hooks: Hook[], context: Context): Promise<void> {
  for (const hook of hooks) await hook.call(context);
}

function withVariants<Fn>(add: (name: string, options: Options, fn: Fn) => void) {
  const variant = (forced: Options) => (...args: Args<Fn>): void =>
    args.length === 2 ? add(args[0], forced, args[1]) : add(args[0], { ...args[1], ...forced }, args[2]);
  return Object.assign(variant({}), {
    only: variant({ only: true }),
    ignore: variant({ ignore: true }),
    skip: variant({ ignore: true }),
  });
}

/** Groups tests under a name. */
export const describe = withVariants(registerSuite);
/** Registers one test. */
export const it = withVariants(registerTest);
/** Another name of {@linkcode it}. */
export const test = it;

/** Runs once before the tests of the group. */
export const beforeAll = (hook: Hook): void => addHook("beforeAll", hook);
/** Runs once after the tests of the group. */
export const afterAll = (hook: Hook): void => addHook("afterAll", hook);
/** Runs before each test of the group. */
export const beforeEach = (hook: Hook): void => addHook("beforeEach", hook);
/** Runs after each test of the group. */
export const afterEach = (hook: Hook): void => addHook("afterEach", hook);
