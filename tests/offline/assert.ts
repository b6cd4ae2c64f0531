/**
 * Stands in for `@std/assert` where JSR cannot be reached: the assertions that Ebb's tests use, with the names, the
 * order of arguments and the narrowing of the real ones. Messages come from `node:assert` and read differently.
 *
 * @module
 */
import nodeAssert from "node:assert";
import { equal } from "./equal.ts";

export { equal };

// deno-lint-ignore no-explicit-any -- the constructor of any error, as the real signature has it
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Throws unconditionally. */
export function fail(msg?: string): never {
  throw new AssertionError(msg ? `Failed assertion: ${msg}` : "Failed assertion.");
}

/** Expects a truthy value. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Expects a falsy value. */
export function assertFalse(expr: unknown, msg = "Expected a falsy value."): void {
  if (expr) throw new AssertionError(msg);
}

/** Expects two values to be equal in every part. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) throw new AssertionError(difference(actual, expected, msg));
}

/** Expects two values to differ in some part. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) refuse(`Expected values to differ, but both are ${show(actual)}`, msg);
}

/** Expects the same value or object, as `Object.is` tells. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) throw new AssertionError(difference(actual, expected, msg));
}

/** Expects two values that `Object.is` tells apart. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) refuse(`Expected another value or object than ${show(actual)}`, msg);
}

/** Expects a number within `tolerance` of another; by default within 1e-7 of its size. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  tolerance ??= Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7;
  if (Object.is(actual, expected) || Math.abs(expected - actual) <= tolerance) return;
  refuse(`Expected ${actual} to be within ${tolerance} of ${expected}`, msg);
}

/** Expects a value that is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) refuse(`Expected a value but found ${actual}`, msg);
}

/** Expects an instance of a class. */
// deno-lint-ignore no-explicit-any -- as the real signature
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    refuse(`Expected an instance of ${expectedType.name} but found ${show(actual)}`, msg);
  }
}

/** Expects `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) refuse(`Expected ${show(actual)} > ${show(expected)}`, msg);
}

/** Expects `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) refuse(`Expected ${show(actual)} >= ${show(expected)}`, msg);
}

/** Expects `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) refuse(`Expected ${show(actual)} < ${show(expected)}`, msg);
}

/** Expects `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) refuse(`Expected ${show(actual)} <= ${show(expected)}`, msg);
}

/** Expects a string that matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) refuse(`Expected ${show(actual)} to match ${expected}`, msg);
}

/** Expects a string that does not match. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) refuse(`Expected ${show(actual)} not to match ${expected}`, msg);
}

/** Expects a string that contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) refuse(`Expected ${show(actual)} to contain ${show(expected)}`, msg);
}

/** Expects a list that contains each of some values. */
export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string): void {
  const list = Array.from(actual);
  const missing = Array.from(expected).filter((value) => !list.some((other) => equal(other, value)));
  if (missing.length > 0) refuse(`Expected ${show(list)} to contain ${show(missing)}`, msg);
}

/** Expects an error, of a class if one is given, whose message contains a string or matches a pattern. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) refuse(`Expected an Error but found ${show(error)}`, msg);
  if (ErrorClass && !(error instanceof ErrorClass)) {
    refuse(`Expected an instance of ${ErrorClass.name} but found ${error.name}: ${error.message}`, msg);
  }
  const matches = typeof msgMatches === "string"
    ? error.message.includes(msgMatches)
    : msgMatches?.test(error.message) ?? true;
  if (!matches) {
    refuse(`Expected an error that says ${show(msgMatches)} but found ${show(error.message)}`, msg);
  }
}

/** Expects a function to throw, and gives back what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    if (typeof classOrMsg === "function") assertIsError(error, classOrMsg, msgIncludes, msg);
    return error;
  }
  refuse("Expected the function to throw", typeof classOrMsg === "string" ? classOrMsg : msg);
}

/** Expects a promise to be rejected, and gives back the reason; a function that throws at once does not count. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    refuse(`Expected a rejected promise, but the function threw ${show(error)}`, note);
  }
  try {
    await promise;
  } catch (error) {
    if (typeof classOrMsg === "function") assertIsError(error, classOrMsg, msgIncludes, msg);
    return error;
  }
  refuse("Expected the promise to be rejected", note);
}

/** `node:assert` draws the difference; where it sees none (`0` and `-0` in a set, say) the two are only shown. */
function difference(actual: unknown, expected: unknown, msg?: string): string {
  let text = `Expected ${show(expected)} but found ${show(actual)}`;
  try {
    nodeAssert.deepStrictEqual(actual, expected);
  } catch (error) {
    text = (error as Error).message;
  }
  return msg ? `${msg}\n${text}` : text;
}

function refuse(text: string, msg?: string): never {
  throw new AssertionError(msg ? `${text}: ${msg}` : `${text}.`);
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 4, iterableLimit: 20 });
}
