import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("add", (a, b) => ebb.add(a, b));
checkOp("sub", (a, b) => ebb.sub(a, b));
checkOp("mul", (a, b) => ebb.mul(a, b));
checkOp("div", (a, b) => ebb.div(a, b));
checkOp("neg", (x) => ebb.neg(x));
