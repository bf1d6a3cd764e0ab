import type { ServerResponse } from "node:http";
import type { AuthorizationResponse } from "../auth/pasted-code.ts";
import { sourceHash } from "./content-security-policy.ts";
import { escapeHtml, toScriptData } from "./markup.ts";

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

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --mark: light-dark(#b45309, #fbbf24); }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { box-sizing: border-box; width: 100%; max-width: 30rem; padding: 2rem; }
main.completed { --mark: light-dark(#15803d, #4ade80); }
main::before { content: ""; display: block; width: 3rem; height: 0.375rem; border-radius: 1rem; background: var(--mark); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1rem 0 0.5rem; }
p { margin: 0; }
.note { margin-top: 0.75rem; }
.warning { margin-top: 0.75rem; font-weight: 600; }
button { margin-top: 1.25rem; padding: 0.625rem 1rem; font: inherit; cursor: pointer; }
`;

// What is told stands in the page as data, so that the script is always the same and its hash can be in the policy.
const script = `
const { message, origins } = JSON.parse(document.getElementById("data").textContent);
if (window.opener && message) for (const origin of origins) window.opener.postMessage(message, origin);
const copy = document.getElementById("copy");
if (copy === null && message) history.replaceState(null, "", location.pathname);
else if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    copy.textContent = "Copied";
  });
}
`;

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
