import { type AuthorizationServer, startAuthorizationServer } from "../../support/authorization-server.ts";
import type { RefreshOracle } from "../../support/refresh-oracle.ts";
import type { StageProvider } from "./refresh-stage.ts";

/** A certified OpenID provider for a stage, and what it has seen. */
export interface OidcStageProvider extends StageProvider, AsyncDisposable {
  readonly oracle: RefreshOracle;
}

/** Starts one whose bodies are JSON. */
export async function startOidcStageProvider(
  options: Parameters<typeof startAuthorizationServer>[1] = {},
): Promise<OidcStageProvider> {
  const server: AuthorizationServer = await startAuthorizationServer("anthropic", options);
  const { oracle } = server;
  return {
    oracle,
    mint: (user) => oracle.mint(user),
    isCurrent: (refreshToken) => oracle.isCurrent(refreshToken),
    environment: (provider) => server.environment(provider),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
