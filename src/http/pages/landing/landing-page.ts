import type { IncomingMessage } from "node:http";
import type { Clock } from "../../../lib/clock.ts";
import { escapeHtml, toScriptData } from "../../../lib/html.ts";
import type { ProviderAuth } from "../../../providers/provider-auth.ts";
import type { OwnHosts } from "../../own-hosts.ts";
import { readBrowserScript, readBrowserStyle } from "../browser-code.ts";
import { CompressedPage, type RenderedPage } from "../compressed-page.ts";
import { sourceHash } from "../content-security-policy.ts";
import { icon, iconUrl } from "../icon.ts";

/** A place of this server, or what stands for one that no browser can visit. */
export interface LandingLink {
  readonly title: string;
  readonly text: string;
  /** Null where there is nothing to visit. */
  readonly href: string | null;
}

/** What only a server for development shows: it works with a token that is in the page. */
export interface LandingDevelopment {
  readonly token: () => Promise<string | null>;
  readonly hosts: OwnHosts;
  /** Whether this visitor's page has the token in it. */
  readonly mayHaveToken: (request: IncomingMessage) => boolean;
  readonly providers: readonly ProviderAuth[];
  /** The origin that consents come back to. */
  readonly publicOrigin: string;
  /** The path of the API as browsers see it, such as `/graphql`. */
  readonly endpoint: string;
  /** A provider that anybody can connect, where this server has one. */
  readonly sandbox: string | null;
}

export interface LandingPageOptions {
  readonly links: readonly LandingLink[];
  /** Null in production: the page is text and links then. */
  readonly development: LandingDevelopment | null;
  readonly clock: Clock;
}

const steps: readonly (readonly [title: string, detail: string])[] = [
  ["The server begins a flow", "Your app calls initiateOAuth and gets an address."],
  ["You consent at the provider", "A window opens; nothing in it is real: no account, no bill."],
  ["The credential is stored, encrypted", "The secret is write-only: no query returns it."],
  ["Your backend asks for headers", "issueAccess answers with what works now."],
  ["The token renews itself", "The sandbox's tokens live for 60 seconds, so that you can watch it."],
];

const stepItem = ([title, detail]: (typeof steps)[number]) =>
  `<li data-state="todo"><h3>${title}</h3><p class="detail">${detail}</p></li>`;

const walkHead = `<div class="head">
<h2 id="try">Connect a provider, in 30 seconds</h2>
<p class="quiet">The sandbox is an OAuth provider inside this server. What you see is what your app's users will do.</p>
<div class="actions"><button id="begin" class="main" type="button">Connect the sandbox</button>
<p class="quiet" id="walk-state" role="status"></p></div>
</div>`;

const eventLog = `<div class="log">
<h3 id="live">Live events</h3>
<p class="quiet" id="events-state">Connecting.</p>
<ol class="events" id="events" role="log" aria-labelledby="live" tabindex="0"><li class="empty">What happens to your
credentials and sessions appears here, as it happens.</li></ol>
</div>`;

/** Where the page says why it has stopped. */
const notice = `<section class="card notice" id="notice" role="alert" aria-label="This page has stopped" hidden>
<p id="notice-reason"></p>
<div class="actions"><button id="reload" class="main" type="button">Reload this page</button></div>
</section>`;

/** Hidden until the script runs: without it, a button would do nothing. */
function trySection(hasSandbox: boolean): string {
  return `<section class="card" aria-labelledby="${hasSandbox ? "try" : "live"}" data-live hidden>
${hasSandbox ? walkHead : ""}
<div class="try">
${hasSandbox ? `<ol class="steps">${steps.map(stepItem).join("\n")}</ol>` : ""}
${eventLog}
</div>
</section>
<section class="card" data-still><h2>Connect a provider</h2>
<p class="quiet">The walk through OAuth on this page, and its live events, need JavaScript. README.md has the same steps
for the command line.</p></section>`;
}

function providerCard(provider: ProviderAuth): string {
  const lines = provider.getAvailableMethods().map(({ method, available }) => {
    const name = method === "api_key" ? "API key" : "OAuth";
    return available ? `<li>${name}: available</li>` : `<li class="off">${name}: not configured</li>`;
  });
  return `<li class="card"><div class="row"><h3>${escapeHtml(provider.displayName)}</h3></div>
<ul class="methods">${lines.join("")}</ul></li>`;
}

function providersSection(providers: readonly ProviderAuth[]): string {
  return `<section aria-labelledby="providers-title">
<h2 id="providers-title">Providers</h2>
<p class="quiet" id="providers-state">As of when this page was made.</p>
<ul class="grid" id="providers">${providers.map(providerCard).join("\n")}</ul>
</section>`;
}

function linkCard({ title, text, href }: LandingLink): string {
  const name = href === null ? escapeHtml(title) : `<a href="${escapeHtml(href)}">${escapeHtml(title)}</a>`;
  return `<li class="card"><h3>${name}</h3><p class="quiet">${escapeHtml(text)}</p></li>`;
}

/** The texts of the page that its policy allows by their hashes. */
interface Code {
  readonly script: string;
  readonly style: string;
}

function markup({ links, development }: LandingPageOptions, { script, style }: Code, token: string | null): string {
  const live = development !== null && token !== null ? development : null;
  const data =
    live === null ? null : { token, endpoint: live.endpoint, callbackOrigin: live.publicOrigin, sandbox: live.sandbox };
  const top = links.filter(({ href }) => href !== null).slice(0, 2);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Maestro Auth</title>
<link rel="icon" href="${escapeHtml(iconUrl)}">
<style>${style}</style>
</head>
<body>
<header><span class="brand">${icon.replace("<svg ", '<svg aria-hidden="true" ')} Maestro Auth</span>
<nav aria-label="This server">${top.map(({ title, href }) => `<a href="${escapeHtml(href!)}">${escapeHtml(title)}</a>`).join("\n")}</nav></header>
<main>
<h1>Your users connect their LLM accounts once. Your backend gets headers that work.</h1>
<p class="lead">Maestro Auth is a self-hosted GraphQL API that stands between your app's users and their LLM providers.
It checks and encrypts what they connect, keeps every token fresh, tells your app what happens, and answers one question
of your backend: how do I call this provider for this user, now?</p>
${live === null ? "" : notice + trySection(live.sandbox !== null) + providersSection(live.providers)}
<section aria-labelledby="links">
<h2 id="links">On this server</h2>
<ul class="grid">${links.map(linkCard).join("\n")}</ul>
</section>
</main>
<footer class="quiet">${live === null ? "" : "This page acts as the user <strong>developer</strong>, with a token for development. It is off in production."}</footer>
${data === null ? "" : `<script type="application/json" id="data">${toScriptData(data)}</script>\n<script>${script}</script>`}
</body>
</html>
`;
}

function contentSecurityPolicy({ script, style }: Code, isLive: boolean): string {
  return [
    "default-src 'none'",
    ...(isLive ? [`script-src ${sourceHash(script)}`, "connect-src 'self'"] : []),
    `style-src ${sourceHash(style)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Nothing on the page is ever made of text as markup.
    "require-trusted-types-for 'script'",
  ].join("; ");
}

/** `GET /`: what this is, where things are, and, in development, a provider to connect and events to watch. */
export function landingPage(options: LandingPageOptions): CompressedPage {
  const { development, clock } = options;
  const code: Code = { script: readBrowserScript("landing.js"), style: readBrowserStyle("landing.css") };
  const render = async (hasToken: boolean): Promise<RenderedPage> => {
    const token = hasToken ? ((await development?.token()) ?? null) : null;
    return { html: markup(options, code, token), contentSecurityPolicy: contentSecurityPolicy(code, token !== null) };
  };
  const { hosts = null, mayHaveToken = () => false } = development ?? {};
  return new CompressedPage({ name: "This page", render, hosts, mayHaveToken, clock });
}
