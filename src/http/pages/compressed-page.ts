import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock } from "../../lib/clock.ts";
import type { OwnHosts } from "../own-hosts.ts";

export interface RenderedPage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

export interface CompressedPageOptions {
  /** What a refusal calls it. */
  readonly name: string;
  readonly render: (hasToken: boolean) => Promise<RenderedPage>;
  /** The names under which the page is given out. Null where there is nothing in it that not everybody may read. */
  readonly hosts: OwnHosts | null;
  /** Whether this visitor's page has a token in it. */
  readonly mayHaveToken: (request: IncomingMessage) => boolean;
  readonly clock: Clock;
}

interface Page {
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer;
  readonly contentSecurityPolicy: string;
  readonly renderedAt: number;
}

/** Milliseconds. The token of a page is then still good for a day's work: it lives for twelve hours. */
const pageLifetime = 3_600_000;

/**
 * A page that is rendered and compressed on a visit, at most once an hour with a token and once without; whoever has it
 * already gets 304.
 */
export class CompressedPage {
  readonly #options: CompressedPageOptions;
  readonly #pages = new Map<boolean, Promise<Page>>();

  constructor(options: CompressedPageOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { hosts, name, mayHaveToken } = this.#options;
    if (hosts !== null && !hosts.include(request)) {
      response.writeHead(421, { "content-type": "text/plain; charset=utf-8" });
      response.end(`${name} answers under ${hosts.of(request).join(" or ")} only.\n`);
      return;
    }
    const page = await this.#current(mayHaveToken(request));
    response.setHeader("content-security-policy", page.contentSecurityPolicy);
    response.setHeader("cache-control", "private, no-cache");
    response.appendHeader("vary", "accept, accept-encoding");
    response.setHeader("etag", page.etag);
    // Also one of a list, and one that a proxy made weak (RFC 9110, section 13.1.2).
    if (request.headers["if-none-match"]?.includes(page.etag) === true) {
      response.writeHead(304).end();
      return;
    }
    const isCompressed = acceptsGzip(request);
    const body = isCompressed ? page.gzipped : page.plain;
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-length": body.length,
      ...(isCompressed ? { "content-encoding": "gzip" } : {}),
    });
    response.end(body);
  }

  async #current(hasToken: boolean): Promise<Page> {
    const known = await this.#pages.get(hasToken);
    if (known !== undefined && this.#options.clock.now().getTime() - known.renderedAt < pageLifetime) return known;
    const page = this.#render(hasToken);
    this.#pages.set(hasToken, page);
    return page;
  }

  async #render(hasToken: boolean): Promise<Page> {
    const renderedAt = this.#options.clock.now().getTime();
    const { html, contentSecurityPolicy } = await this.#options.render(hasToken);
    return {
      etag: `"${createHash("sha256").update(html).digest("base64url").slice(0, 22)}"`,
      plain: Buffer.from(html),
      gzipped: await promisify(gzip)(html),
      contentSecurityPolicy,
      renderedAt,
    };
  }
}

/** Every browser does; a person with curl gets a text. */
function acceptsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|\s|$))/i.test(request.headers["accept-encoding"] ?? "");
}

/** Whether a browser asks for a page rather than a program for an answer. */
export function wantsPage({ method, headers }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && (headers.accept ?? "").includes("text/html");
}
