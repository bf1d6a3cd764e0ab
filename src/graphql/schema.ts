import type { GraphQLSchema } from "graphql";
import { builder } from "./builder.ts";
import { countRootFields } from "./metrics/counted-fields.ts";
import "./provider.ts";
import "./credential/credential.ts";
import "./errors/error.ts";
import "./credential/connect-credential.ts";
import "./credential/manage-credential.ts";
import "./credential/import-credential.ts";
import "./credential/refresh-credential.ts";
import "./oauth-flow/oauth-flow.ts";
import "./oauth-flow/run-oauth-flow.ts";
import "./access-grant.ts";
import "./audit-entry.ts";
import "./user.ts";
import "./session/session.ts";
import "./session/manage-session.ts";
import "./session/end-session.ts";
import "./event/event.ts";
import "./event/session-event.ts";

/** The whole API; `schema.graphql` is its printed form. */
export const schema: GraphQLSchema = countRootFields(builder.toSchema());
