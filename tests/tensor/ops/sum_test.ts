import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("sum", (x, o) => ebb.sum(x, o.axes, o));
