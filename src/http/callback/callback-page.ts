import type { ServerResponse } from "node:http";
import type { AuthorizationResponse } from "../../connect/oauth/authorization-response.ts";
import { escapeHtml, toScriptData } from "../../lib/html.ts";
import { readBrowserScript, readBrowserStyle } from "../pages/browser-code.ts";
import { sourceHash } from "../pages/content-security-policy.ts";

type CallbackOutcome = "completed" | "denied" | "failed" | "busy" | "unknown" | "limited" | "handover";

export interface CallbackPage {
  readonly outcome: CallbackOutcome;
  /** Why it failed or has to wait, in words of this server's own. */
  readonly reason?: string | undefined;
  /** Only for `busy`: in how many seconds the page loads itself again. */
  readonly refreshAfter?: number;
  /** Where the page that opened this one may be from. */
  readonly allowedOrigins: readonly string[];
  /** Only for `handover`: what the application finishes the flow with. */
  readonly authorization?: AuthorizationResponse;
}

interface Words {
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

// A proxy may put a page of its own in the place of a 502, and with it take away what the opener waits for: that the
// provider failed is the outcome of a flow, and no fault of this answer.
const words: Record<CallbackOutcome, Words> = {
  completed: { status: 200, title: "Connected", text: "The account is connected. You can close this window." },
  denied: {
    status: 200,
    title: "Not connected",
    text: "The request was declined, so nothing was stored. You can close this window, or start again in the application.",
  },
  failed: {
    status: 200,
    title: "Not connected",
    text: "The provider gave no access, so nothing was stored. Close this window and start again in the application.",
  },
  busy: {
    status: 200,
    title: "One moment",
    text: "The account is being connected. Nothing is lost.",
  },
  unknown: {
    status: 400,
    title: "This link has ended",
    text: "It was already used, has expired, or was cut short. Close this window and start again in the application.",
  },
  limited: {
    status: 429,
    title: "Too many attempts",
    text: "Nothing was lost. Wait some minutes, then load this page again or start again in the application.",
  },
  handover: {
    status: 200,
    title: "One step left",
    text: "Go back to the application. If it does not go on by itself, copy the whole address of this page and paste it there.",
  },
};

const handoverHelp = `
<p class="warning">Do so only if you began this yourself, in that application.</p>
<button id="copy" hidden>Copy the address</button>`;

const style = readBrowserStyle("callback.css");
// What is told stands in the page as data, so that the script is always the same and its hash can be in the policy.
const script = readBrowserScript("callback.js");

const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${sourceHash(script)}`,
  `style-src ${sourceHash(style)}`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Null while it is not decided: the address stays as it is then, so that it can be loaded again. */
function toMessage({ outcome, authorization }: CallbackPage) {
  if (outcome === "busy") return null;
  if (authorization === undefined) return { type: "maestro-auth:flow", outcome };
  const { code, state, issuer, error } = authorization;
  return { type: "maestro-auth:code", code, state, issuer, error };
}

/** The page at the end of a flow: what happened, in our words, readable without JavaScript; never a token. */
export function sendCallbackPage(response: ServerResponse, page: CallbackPage): void {
  const { status, title, text } = words[page.outcome];
  const { reason, refreshAfter } = page;
  const help = page.outcome === "handover" ? handoverHelp : "";
  const notes = [
    ...(reason === undefined ? [] : [reason]),
    ...(refreshAfter === undefined
      ? []
      : [`This page tries again in ${refreshAfter} s. You can also load it again yourself.`]),
  ].map((note) => `\n<p class="note">${escapeHtml(note)}</p>`);
  const data = toScriptData({ message: toMessage(page), origins: page.allowedOrigins });
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main class="${page.outcome}">
<h1>${title}</h1>
<p>${text}</p>${notes.join("")}${help}
</main>
<script type="application/json" id="data">${data}</script>
<script>${script}</script>
</body>
</html>
`;
  response.setHeader("content-security-policy", contentSecurityPolicy);
  if (refreshAfter !== undefined) response.setHeader("refresh", String(refreshAfter));
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "content-length": Buffer.byteLength(html) });
  response.end(html);
}
