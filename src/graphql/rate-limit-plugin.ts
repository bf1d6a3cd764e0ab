import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import { RateLimitedError } from "../errors.ts";
import type { GraphQLContext } from "./context.ts";

const name = "rateLimits" as const;

/** Tells the transport of an operation that was rate limited, before the refusal becomes a member of a union. */
class RateLimitPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    { parentType }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (parentType !== "Mutation") return resolve;
    return async (parent, args, context, info) => {
      try {
        return await resolve(parent, args, context, info);
      } catch (error) {
        if (error instanceof RateLimitedError) (context as GraphQLContext).onRateLimited?.(error);
        throw error;
      }
    };
  }
}

declare global {
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      [name]: RateLimitPlugin<Types>;
    }
  }
}

SchemaBuilder.registerPlugin(name, RateLimitPlugin);

export default name;
