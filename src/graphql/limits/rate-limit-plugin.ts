import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from "@pothos/core";
import type { GraphQLFieldResolver } from "graphql";
import { RateLimitedError } from "../../errors/auth-error.ts";
import type { GraphQLContext } from "../context.ts";

const name = "rateLimits" as const;

/** For `extensions` of a mutation that changes nothing by itself: it takes no points. */
export const changesNothing = { changesNothing: true } as const;

/**
 * Every mutation takes points of its user, and those that cost more have limits of their own besides. The transport is
 * told of a refusal before it becomes a member of a union.
 */
class RateLimitPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types["Context"], object>,
    { parentType, extensions }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types["Context"], object> {
    if (parentType !== "Mutation") return resolve;
    const isCounted = extensions?.["changesNothing"] !== true;
    return async (parent, args, context, info) => {
      try {
        const { attempts, caller } = context as GraphQLContext;
        if (isCounted) await attempts.change(caller);
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
