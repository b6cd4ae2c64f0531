import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("adaptiveAvgPool2d", (x, o) => ebb.adaptiveAvgPool2d(x, o.size));
checkOp("adaptiveMaxPool2d", (x, o) => ebb.adaptiveMaxPool2d(x, o.size));
