import type { GraphQLSchema } from "graphql";

/** Marks a subscription field whose results depend on the event, the operation and the viewer alone. */
export const sharedField = { sharesDelivery: true } as const;

/** Whether each event of this subscription field is executed once for all who would get the same. */
export function isSharedField(schema: GraphQLSchema, name: string): boolean {
  return schema.getSubscriptionType()?.getFields()[name]?.extensions["sharesDelivery"] === true;
}
