import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("cumSum", (x, o) => ebb.cumSum(x, o.axis));
