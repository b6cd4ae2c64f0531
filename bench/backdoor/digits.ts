/**
 * The attacks on digits whose models are studied: a patch, pictures over the whole image, faint and less
 * faint, and a warp.
 *
 * @module
 */
import * as ebb from "../../mod.ts";

const { badnets, blend, sig, wanet } = ebb.backdoor;

/** Every attack by its name in tables. */
export const ATTACKS: Readonly<Record<string, (options: ebb.backdoor.AttackOptions) => ebb.backdoor.Attack>> =
  {
    badnets,
    blend20: (options) => blend({ ...options, alpha: 0.2 }),
    blend10: (options) => blend({ ...options, alpha: 0.1 }),
    sig: (options) => sig({ ...options, cleanLabel: false, delta: 20 }),
    wanet,
  };
