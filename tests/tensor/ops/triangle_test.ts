import * as ebb from "../../../mod.ts";
import { checkOp } from "../check_op.ts";

checkOp("tril", (x, o) => ebb.tril(x, o.diagonal));
checkOp("triu", (x, o) => ebb.triu(x, o.diagonal));
