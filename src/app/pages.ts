import type { IncomingMessage } from "node:http";
import type { Config, TokenReaders } from "../config/config.ts";
import { basePathOf } from "../http/base-path.ts";
import type { OwnHosts } from "../http/own-hosts.ts";
import type { CompressedPage } from "../http/pages/compressed-page.ts";
import { graphiqlPage } from "../http/pages/graphiql/graphiql.ts";
import { type LandingLink, landingPage } from "../http/pages/landing/landing-page.ts";
import { isLocalVisitor } from "../http/pages/local-visitor.ts";
import type { Clock } from "../lib/clock.ts";
import type { ProviderParts } from "./provider-parts.ts";

/** What people see of the server in a browser. Each is null where it is switched off. */
export interface Pages {
  readonly graphiql: CompressedPage | null;
  readonly landing: CompressedPage | null;
}

export interface PagesOptions {
  readonly providers: ProviderParts;
  /** Of the user whom the pages act as; null where an identity provider issues tokens. */
  readonly token: () => Promise<string | null>;
  readonly hosts: OwnHosts;
  readonly clock: Clock;
}

function landingLinks(
  { graphiql, introspection, metrics, publicUrl }: Config,
  { sandbox }: ProviderParts,
): LandingLink[] {
  const base = basePathOf(publicUrl);
  const schema = { title: "Schema", text: "Every type and field, with what it means.", href: `${base}/schema.graphql` };
  return [
    ...(graphiql
      ? [{ title: "GraphiQL", text: "Seven numbered tabs; each runs as it stands.", href: `${base}/graphql` }]
      : []),
    ...(introspection ? [schema] : []),
    { title: "API", text: "POST /graphql: JSON, Server-Sent Events, WebSocket.", href: null },
    { title: "Health", text: "Whether the process lives.", href: `${base}/health` },
    { title: "Ready", text: "Whether its database answers.", href: `${base}/ready` },
    // A browser has no way to show the operator's token.
    ...(metrics === null || metrics.token !== null
      ? []
      : [{ title: "Metrics", text: "What the server does, for Prometheus.", href: `${base}/metrics` }]),
    ...(sandbox === null
      ? []
      : [{ title: "Sandbox", text: "Switches for an outage, a denial, a revocation.", href: `${sandbox.origin}/` }]),
    { title: "Documentation", text: "README.md, beside the server's code.", href: null },
  ];
}

/** Which visitors find a token in the pages. */
function tokenRule(readers: TokenReaders): (request: IncomingMessage) => boolean {
  if (readers === "local") return isLocalVisitor;
  return () => readers === "anyone";
}

export function createPages(config: Config, options: PagesOptions): Pages {
  const { providers, clock, ...page } = options;
  const mayHaveToken = tokenRule(config.developmentToken);
  const visitor = { ...page, mayHaveToken };
  const { registry, sandbox } = providers;
  const sandboxName = sandbox?.definition.name ?? null;
  const endpoint = `${basePathOf(config.publicUrl)}/graphql`;
  const example = registry.list()[0]?.name ?? "";
  const development = {
    ...visitor,
    providers: registry.list(),
    publicOrigin: new URL(config.publicUrl).origin,
    endpoint,
    sandbox: sandboxName,
  };
  return {
    graphiql: config.graphiql
      ? graphiqlPage({ ...visitor, endpoint, providers: { example, sandbox: sandboxName }, clock })
      : null,
    landing: config.landingPage
      ? landingPage({
          links: landingLinks(config, providers),
          development: config.production ? null : development,
          clock,
        })
      : null,
  };
}
