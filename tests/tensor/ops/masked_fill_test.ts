import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("maskedFill", (x, mask, o) => ebb.maskedFill(x, mask, o.value === "-inf" ? -Infinity : o.value));
