import { type Config, explainDevelopmentToken } from "../../../config/config.ts";
import { type Finding, ok, skip, warn } from "./check.ts";

/** Who finds a token in the pages of a server for development. */
export function checkDevelopmentToken({ production, host, publicUrl, developmentToken }: Config): Finding {
  if (production) return skip("in production, pages have no token");
  const explained = explainDevelopmentToken(developmentToken, { production, host, publicUrl: new URL(publicUrl) });
  if (explained !== null) return warn(explained.cause, explained.cure);
  return ok(developmentToken === "nobody" ? "pages have none" : "only browsers on this machine get one");
}
