import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("conv1d", (x, w, b, o) => ebb.conv1d(x, w, b, o));
checkOp("conv2d", (x, w, b, o) => ebb.conv2d(x, w, b, o));
checkOp("convTranspose2d", (x, w, b, o) => ebb.convTranspose2d(x, w, b, o));
