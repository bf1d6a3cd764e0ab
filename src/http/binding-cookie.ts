import type { IncomingMessage } from "node:http";

const maxAgeSeconds = 600;

/** `__Host-`: only this host over https can have set it (RFC 6265bis, section 4.1.3.2). */
function cookieName(flowId: string, isSecure: boolean): string {
  return `${isSecure ? "__Host-" : ""}maestro-auth-flow-${flowId}`;
}

/** A cookie that proves to the callback that this browser began the flow. One for each flow, for as long as it lives. */
export function bindingCookie(flowId: string, binding: string, isSecure: boolean): string {
  const attributes = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
  return `${cookieName(flowId, isSecure)}=${binding}; ${attributes}`;
}

/** Null where the browser has no cookie of this flow. */
export function readBinding(request: IncomingMessage, flowId: string, isSecure: boolean): string | null {
  const name = `${cookieName(flowId, isSecure)}=`;
  const pair = (request.headers.cookie ?? "").split("; ").find((text) => text.startsWith(name));
  return pair === undefined ? null : pair.slice(name.length);
}

/** Takes the cookie away again. */
export function expiredBindingCookie(flowId: string, isSecure: boolean): string {
  return `${cookieName(flowId, isSecure)}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${isSecure ? "; Secure" : ""}`;
}
