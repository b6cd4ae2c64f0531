/**
 * Ebb as a side of the comparison on a card: on the device that `EBB_DEVICE` names.
 *
 * @module
 */
import { serve } from "../peers/serve.ts";
import { CASES } from "./networks.ts";

await serve(CASES);
