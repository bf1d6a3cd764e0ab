import type { IncomingMessage } from "node:http";
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import type { Clock } from "../../../lib/clock.ts";
import { toScriptData } from "../../../lib/html.ts";
import type { OwnHosts } from "../../own-hosts.ts";
import { readBrowserScript, readBrowserStyle } from "../browser-code.ts";
import { CompressedPage, type RenderedPage } from "../compressed-page.ts";
import { sourceHash } from "../content-security-policy.ts";
import { icon, iconUrl } from "../icon.ts";
import { graphiqlTabs, type TabProviders } from "./tabs.ts";

/**
 * A tab is called after its operation, whose name cannot begin with a number. A counter screen readers would not read.
 */
const numberOf = (tab: number) => `.graphiql-tab:nth-child(${tab}) .graphiql-tab-button::before { content: "${tab} " }`;

/** What this page adds to GraphiQL. */
interface Code {
  readonly style: string;
  readonly scripts: readonly string[];
}

function readCode(): Code {
  return {
    style: ["graphiql.css", "graphiql-live-strip.css"].map(readBrowserStyle).join(""),
    scripts: ["graphiql-forgetful.js", "graphiql-live-strip.js"].map(readBrowserScript),
  };
}

/** The page brings everything along: nothing is loaded from, or sent to, anywhere but this server. */
function contentSecurityPolicy(scripts: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.map(sourceHash).join(" ")}`,
    "worker-src blob:",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "font-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

export interface GraphiQLOptions {
  /** A token for development; null where an identity provider issues them. */
  readonly token: () => Promise<string | null>;
  readonly hosts: OwnHosts;
  /** Whether this visitor's page has the token in it. */
  readonly mayHaveToken: (request: IncomingMessage) => boolean;
  /** The path of the API as browsers see it, such as `/graphql`. */
  readonly endpoint: string;
  readonly providers: TabProviders;
  readonly clock: Clock;
}

async function render(
  { token: makeToken, providers, endpoint }: GraphiQLOptions,
  code: Code,
  hasToken: boolean,
): Promise<RenderedPage> {
  const token = hasToken ? await makeToken() : null;
  // A placeholder where an identity provider issues the tokens, and for visitors who get none.
  const headers = JSON.stringify({ authorization: `Bearer ${token ?? "<your token>"}` }, null, 2);
  const tabs = graphiqlTabs(providers);
  const page = renderGraphiQL({
    title: "Maestro Auth",
    endpoint,
    logo: icon,
    favicon: iconUrl,
    defaultTabs: tabs.map(({ query, variables }) => ({
      query,
      variables: variables === undefined ? null : JSON.stringify(variables, null, 2),
    })),
    headers,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: "variables",
    subscriptionsProtocol: "SSE",
    // Its default for subscriptions is GET.
    method: "POST",
  });
  const style = code.style + tabs.map((_, index) => numberOf(index + 1)).join("\n");
  const data = `<script type="application/json" id="data">${toScriptData({ token })}</script>`;
  const head = [`<style>${style}</style>`, data, ...code.scripts.map((script) => `<script>${script}</script>`)];
  // By a function: in a text `$'` and the like would stand for parts of the page.
  const html = page.replace("</head>", () => `${head.join("")}</head>`);
  const scripts = Array.from(html.matchAll(/<script>(.*?)<\/script>/gs), ([, script]) => script!);
  return { html, contentSecurityPolicy: contentSecurityPolicy(scripts) };
}

/** GraphiQL, authorized by a development token. */
export function graphiqlPage(options: GraphiQLOptions): CompressedPage {
  const code = readCode();
  return new CompressedPage({ name: "GraphiQL", render: (hasToken) => render(options, code, hasToken), ...options });
}
