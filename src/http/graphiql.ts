import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../clock.ts";
import { CompressedPage, type RenderedPage } from "./compressed-page.ts";
import { sourceHash } from "./content-security-policy.ts";
import { liveStripScript, liveStripStyle } from "./graphiql-live-strip.ts";
import { graphiqlTabs, type TabProviders } from "./graphiql-tabs.ts";
import { icon, iconUrl } from "./icon.ts";
import type { OwnHosts } from "./own-hosts.ts";

/**
 * GraphiQL would keep variables, and with them a user's key, in localStorage, and the query in the address and the
 * browser's history. And it would open with what another server's GraphiQL left on the same port.
 */
const forgetfulScript = `
  Object.defineProperty(window, "localStorage", { value: { getItem: () => null, setItem() {}, removeItem() {} } });
  history.replaceState = () => {};
`;

// Not a counter: screen readers would not read it.
const numberOf = (tab: number) => `.graphiql-tab:nth-child(${tab}) .graphiql-tab-button::before { content: "${tab} " }`;

/**
 * GraphiQL makes tabs draggable in a way that moves them from under the mouse: the first click on a tab is lost. And a
 * tab is called after its operation, whose name cannot begin with a number. In a small window, seven tabs take its name's
 * place.
 */
const tabStyle = (count: number) => `
  .graphiql-tab { transform: none !important }
  ${Array.from({ length: count }, (_, index) => numberOf(index + 1)).join("\n  ")}
  .graphiql-logo { white-space: nowrap }
  @media (max-width: 1400px) { .graphiql-logo { display: none } }
`;

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
  hasToken: boolean,
): Promise<RenderedPage> {
  const token = hasToken ? await makeToken() : null;
  // A placeholder where an identity provider issues the tokens, and for visitors who get none.
  const headers = JSON.stringify({ authorization: `Bearer ${token ?? "<your token>"}` }, null, 2);
  const tabs = graphiqlTabs(providers);
  const html = renderGraphiQL({
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
  }).replace(
    "</head>",
    `<style>${tabStyle(tabs.length)}${liveStripStyle}</style>` +
      `<script>${forgetfulScript}</script><script>${liveStripScript}</script></head>`,
  );
  const scripts = Array.from(html.matchAll(/<script>(.*?)<\/script>/gs), ([, script]) => script!);
  return { html, contentSecurityPolicy: contentSecurityPolicy(scripts) };
}

/** GraphiQL, authorized by a development token. */
export function graphiqlPage(options: GraphiQLOptions): CompressedPage {
  return new CompressedPage({ name: "GraphiQL", render: (hasToken) => render(options, hasToken), ...options });
}
