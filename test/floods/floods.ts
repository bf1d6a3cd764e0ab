import { requestFloods } from "./kinds/requests.ts";
import { socketFloods } from "./kinds/sockets.ts";
import { subscriptionFloods } from "./kinds/subscriptions.ts";
import type { Flood } from "./target.ts";

export const floods: Readonly<Record<string, Flood>> = { ...socketFloods, ...requestFloods, ...subscriptionFloods };
