import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock } from "../clock.ts";

export interface RenderedPage {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

export interface CompressedPageOptions {
  /** What a refusal calls it. */
  readonly name: string;
  readonly render: () => Promise<RenderedPage>;
  /**
   * The values of `Host` under which the page is given out: with a token in it, another one is DNS rebinding at work.
   * Null where there is nothing in it that not everybody may read.
   */
  readonly hosts: ReadonlySet<string> | null;
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

/** A page that is rendered and compressed on a visit, at most once an hour; whoever has it already gets 304. */
export class CompressedPage {
  readonly #options: CompressedPageOptions;
  #page: Promise<Page> | undefined;

  constructor(options: CompressedPageOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { hosts, name } = this.#options;
    if (hosts !== null && !hosts.has(request.headers.host ?? "")) {
      response.writeHead(421, { "content-type": "text/plain; charset=utf-8" });
      response.end(`${name} answers under ${[...hosts].join(" or ")} only.\n`);
      return;
    }
    const page = await this.#current();
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

  async #current(): Promise<Page> {
    const page = await (this.#page ??= this.#render());
    if (this.#options.clock.now().getTime() - page.renderedAt < pageLifetime) return page;
    return (this.#page = this.#render());
  }

  async #render(): Promise<Page> {
    const renderedAt = this.#options.clock.now().getTime();
    const { html, contentSecurityPolicy } = await this.#options.render();
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
