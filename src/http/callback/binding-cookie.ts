import type { IncomingMessage } from "node:http";

const maxAgeSeconds = 600;

/** `__Host-`: only this host over https can have set it (RFC 6265bis, section 4.1.3.2). */
function cookieName(flowId: string, isSecure: boolean): string {
  return `${isSecure ? "__Host-" : ""}maestro-auth-flow-${flowId}`;
}

/**
 * A cookie that proves to the callback that this browser began the flow. One for each flow, for as long as it lives:
 * also after its end, so that a callback that comes again shows what happened.
 */
export function bindingCookie(flowId: string, binding: string, isSecure: boolean): string {
  const attributes = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  return `${cookieName(flowId, isSecure)}=${binding}; ${attributes}`;
}

/** What this browser has of the flows that it began, by their ids. */
export function readBindings(request: IncomingMessage, isSecure: boolean): ReadonlyMap<string, string> {
  const prefix = cookieName("", isSecure);
  const bindings = new Map<string, string>();
  for (const pair of (request.headers.cookie ?? "").split("; ")) {
    const [name = "", ...value] = pair.split("=");
    const flowId = name.slice(prefix.length);
    if (name.startsWith(prefix) && !bindings.has(flowId)) bindings.set(flowId, value.join("="));
  }
  return bindings;
}
