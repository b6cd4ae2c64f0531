import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("avgPool2d", (x, o) => ebb.avgPool2d(x, o.size, o));
checkOp("maxPool2d", (x, o) => ebb.maxPool2d(x, o.size, o));
