import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { renderGraphiQL } from "@graphql-yoga/render-graphiql";
import type { Clock } from "../clock.ts";
import { graphiqlTabs } from "./graphiql-tabs.ts";

/** Two arrows around a dot: access goes out, events come back. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24" fill="none"
  stroke="#6366f1" stroke-width="2.5" stroke-linecap="round"><path d="M4 11a8 8 0 0 1 14-5M20 13a8 8 0 0 1-14 5"/>
  <path d="M18.5 2v4.5H14M5.5 22v-4.5H10"/><circle cx="12" cy="12" r="2" fill="#6366f1"/></svg>`;

/**
 * GraphiQL would keep variables, and with them a user's key, in localStorage, and the query in the address and the
 * browser's history. And it would open with what another server's GraphiQL left on the same port.
 */
const forgetfulScript = `
  Object.defineProperty(window, "localStorage", { value: { getItem: () => null, setItem() {}, removeItem() {} } });
  history.replaceState = () => {};
`;

/** GraphiQL makes tabs draggable in a way that moves them from under the mouse: the first click on a tab is lost. */
const fixedTabsStyle = ".graphiql-tab { transform: none !important }";

interface Page {
  readonly etag: string;
  readonly gzipped: Buffer;
  readonly contentSecurityPolicy: string;
  readonly renderedAt: number;
}

/** Milliseconds. The token of a page is then still good for a day's work: it lives for twelve hours. */
const pageLifetime = 3_600_000;

/** The page brings everything along: nothing is loaded from, or sent to, anywhere but this server. */
function contentSecurityPolicy(scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  return [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
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
  /** The values of `Host` under which the page is given out: another one is DNS rebinding at work. */
  readonly hosts: ReadonlySet<string>;
  /** Stands in the variables that the page opens with. */
  readonly exampleProvider: string;
  /** A provider that anybody can connect by OAuth, where this server has one. */
  readonly sandboxProvider: string | null;
  readonly clock: Clock;
}

/** GraphiQL, authorized by a development token. It is rendered and compressed on a visit, at most once an hour. */
export class GraphiQLPage {
  readonly #token: () => Promise<string | null>;
  readonly #hosts: ReadonlySet<string>;
  readonly #tabs: ReturnType<typeof graphiqlTabs>;
  readonly #clock: Clock;
  #page: Promise<Page> | undefined;

  constructor(options: GraphiQLOptions) {
    this.#token = options.token;
    this.#hosts = options.hosts;
    this.#tabs = graphiqlTabs(options.exampleProvider, options.sandboxProvider);
    this.#clock = options.clock;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#hosts.has(request.headers.host ?? "")) {
      response.writeHead(421, { "content-type": "text/plain; charset=utf-8" });
      response.end(`GraphiQL answers under ${[...this.#hosts].join(" or ")} only.\n`);
      return;
    }
    const page = await this.#current();
    response.setHeader("content-security-policy", page.contentSecurityPolicy);
    response.setHeader("cache-control", "private, no-cache");
    response.appendHeader("vary", "accept");
    response.setHeader("etag", page.etag);
    // Also one of a list, and one that a proxy made weak (RFC 9110, section 13.1.2).
    if (request.headers["if-none-match"]?.includes(page.etag) === true) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-encoding": "gzip",
      "content-length": page.gzipped.length,
    });
    response.end(page.gzipped);
  }

  async #current(): Promise<Page> {
    const page = await (this.#page ??= this.#render());
    if (this.#clock.now().getTime() - page.renderedAt < pageLifetime) return page;
    return (this.#page = this.#render());
  }

  async #render(): Promise<Page> {
    const renderedAt = this.#clock.now().getTime();
    const token = await this.#token();
    // A placeholder where an identity provider issues the tokens.
    const headers = JSON.stringify({ authorization: `Bearer ${token ?? "<your token>"}` }, null, 2);
    const html = renderGraphiQL({
      title: "Maestro Auth",
      logo: icon,
      favicon: `data:image/svg+xml,${encodeURIComponent(icon)}`,
      defaultTabs: this.#tabs.map(({ query, variables }) => ({
        query,
        variables: variables === undefined ? null : JSON.stringify(variables, null, 2),
      })),
      headers,
      shouldPersistHeaders: false,
      defaultEditorToolsVisibility: "variables",
      subscriptionsProtocol: "SSE",
      // Its default for subscriptions is GET.
      method: "POST",
    }).replace("</head>", `<style>${fixedTabsStyle}</style><script>${forgetfulScript}</script></head>`);
    const scripts = Array.from(html.matchAll(/<script>(.*?)<\/script>/gs), ([, script]) => script!);
    const gzipped = await promisify(gzip)(html);
    return {
      etag: `"${createHash("sha256").update(html).digest("base64url").slice(0, 22)}"`,
      gzipped,
      contentSecurityPolicy: contentSecurityPolicy(scripts),
      renderedAt,
    };
  }
}

/** Whether a browser asks for a page rather than a program for an answer. */
export function wantsPage(request: IncomingMessage): boolean {
  return request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
}
