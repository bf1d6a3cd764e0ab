import type { IncomingMessage, ServerResponse } from "node:http";
import { type Page, renderPage } from "./page.ts";

/** Bytes. The forms here have a field or two. */
const maxForm = 4_096;

/** Answers with a page. */
export function sendPage(response: ServerResponse, status: number, page: Page): void {
  const { html, headers } = renderPage(page);
  response.writeHead(status, headers).end(html);
}

/** Answers with JSON, as programs want it. */
export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

/** The fields of a form; null where it is too large. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > maxForm) return null;
  }
  return new URLSearchParams(text);
}

/** Whether a page of this origin sent the form. What sends neither header is no browser's form. */
export function isFromOwnPage({ headers }: IncomingMessage, origin: string): boolean {
  const site = headers["sec-fetch-site"];
  return site === undefined ? headers.origin === origin : site === "same-origin";
}
