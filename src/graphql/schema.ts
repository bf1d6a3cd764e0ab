import type { GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import { countRootFields } from "./counted-fields.ts";
import "./provider.ts";
import "./credential.ts";
import "./error.ts";
import "./connect-credential.ts";
import "./manage-credential.ts";
import "./import-credential.ts";
import "./refresh-credential.ts";
import "./oauth-flow.ts";
import "./run-oauth-flow.ts";
import "./access-grant.ts";
import "./audit-entry.ts";
import "./user.ts";
import "./session.ts";
import "./manage-session.ts";
import "./end-session.ts";
import "./event.ts";
import "./session-event.ts";

/** The whole API; `schema.graphql` is its printed form. */
export const schema: GraphQLSchema = countRootFields(builder.toSchema());
