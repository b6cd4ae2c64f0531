/**
 * The speed of a link, as policy functions are given it.
 *
 * @module
 */
import type { Bandwidth } from "../plan.ts";

/** Bytes per second both ways, or each way; what is left out is the draft's. */
export type GivenBandwidth = number | Partial<Bandwidth>;

/** What is given of a speed, direction by direction. Throws a sentence in the name of the policy function. */
export function linkOf(name: string, bandwidth: GivenBandwidth = {}): Partial<Bandwidth> {
  const given = typeof bandwidth === "number" ? { out: bandwidth, in: bandwidth } : bandwidth;
  for (const [way, speed] of [["out", given.out], ["in", given.in]] as const) {
    if (speed === undefined || speed > 0) continue;
    throw new RangeError(
      `${name}: expected the bandwidth ${way} to be more than 0 bytes per second but found ${speed}`,
    );
  }
  return given;
}
