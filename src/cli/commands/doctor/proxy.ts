import type { Config } from "../../../config/config.ts";
import { type Finding, ok, skip, warn } from "./check.ts";

/** The server itself speaks no TLS: who reaches it by https comes through a proxy, whose number must be known. */
export function checkProxy({ publicUrl, trustedProxyHops }: Pick<Config, "publicUrl" | "trustedProxyHops">): Finding {
  if (trustedProxyHops > 0) return ok(`the client's address is entry ${trustedProxyHops} from the right`);
  if (!publicUrl.startsWith("https:")) return skip("PUBLIC_URL is not https, so no proxy is expected");
  return warn(
    "PUBLIC_URL is https, which needs a proxy, but TRUSTED_PROXY_HOPS is 0: all clients count as one address.",
    "Set TRUSTED_PROXY_HOPS to the number of proxies that add to X-Forwarded-For.",
  );
}
