import type { IncomingMessage, ServerResponse } from "node:http";

/** Two arrows around a dot: access goes out, events come back. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none"
  stroke="#6366f1" stroke-width="2.5" stroke-linecap="round"><path d="M4 11a8 8 0 0 1 14-5M20 13a8 8 0 0 1-14 5"/>
  <path d="M18.5 2v4.5H14M5.5 22v-4.5H10"/><circle cx="12" cy="12" r="2" fill="#6366f1"/></svg>`;

/** The icon as an address that needs no request. */
export const iconUrl = `data:image/svg+xml,${encodeURIComponent(icon)}`;

/** `GET /favicon.ico`, which browsers ask for on pages that name no icon. They go by the type, not by the name. */
export function sendIcon(_request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("cache-control", "public, max-age=86400");
  response.writeHead(200, { "content-type": "image/svg+xml", "content-length": Buffer.byteLength(icon) });
  response.end(icon);
}
