import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Secret } from "../lib/secret.ts";
import type { Metrics } from "../observability/metrics.ts";
import { sendRefusal } from "./respond.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest();

/** `GET /metrics`, in Prometheus' text format. */
export class MetricsEndpoint {
  readonly #metrics: Metrics;
  readonly #token: Secret | null;

  /** @param token what a reader has to show; null lets everybody read, which is for development alone. */
  constructor(metrics: Metrics, token: Secret | null) {
    this.#metrics = metrics;
    this.#token = token;
  }

  /** Whether everybody may read who reaches the server. */
  get isOpen(): boolean {
    return this.#token === null;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("allow", "GET, HEAD");
      return sendRefusal(response, 405, "METHOD_NOT_ALLOWED", "Metrics are read by GET.");
    }
    if (!this.#mayRead(request.headers.authorization)) {
      response.setHeader("www-authenticate", 'Bearer realm="maestro-auth metrics"');
      return sendRefusal(response, 401, "UNAUTHENTICATED", "Send `Authorization: Bearer <METRICS_TOKEN>`.");
    }
    const text = await this.#metrics.print();
    response.writeHead(200, { "content-type": this.#metrics.contentType });
    response.end(request.method === "HEAD" ? undefined : text);
  }

  /** Takes the same time for every token that is wrong. */
  #mayRead(authorization: string | undefined): boolean {
    if (this.#token === null) return true;
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
    return token !== undefined && timingSafeEqual(sha256(token), sha256(this.#token.reveal()));
  }
}
