import type { EventEmitter } from "node:events";
import { exportJWK, generateKeyPair } from "jose";
import { type Configuration, Provider } from "oidc-provider";
import type { Dialect } from "./dialect.ts";
import { memoryAdapters } from "./memory-adapter.ts";

export const clientId = "the-operators-client";

/** A claim that one vendor has. It says nothing to the others. */
const planClaim = "https://api.openai.com/auth";

/** One key is enough for all servers of a process; making one takes a while. */
let signingKey: Promise<object> | null = null;

async function makeSigningKey(): Promise<object> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { ...(await exportJWK(privateKey)), use: "sig", alg: "RS256", kid: "test-key" };
}

export interface OidcServerOptions {
  readonly issuer: string;
  readonly dialect: Dialect;
  readonly redirectUris: readonly string[];
  /** In seconds. */
  readonly accessTokenLifetime: number;
}

/**
 * A certified OpenID provider: PKCE required, codes for one use, rotation with reuse detection, revocation, devices.
 */
export async function createOidcServer(options: OidcServerOptions): Promise<Provider> {
  const { issuer, dialect, redirectUris, accessTokenLifetime } = options;
  const scope = dialect.scopes.join(" ");
  const resourceServer = { scope, accessTokenTTL: accessTokenLifetime, accessTokenFormat: "opaque" } as const;
  signingKey ??= makeSigningKey();
  const configuration: Configuration = {
    adapter: memoryAdapters(),
    clients: [
      {
        client_id: clientId,
        ...(dialect.clientSecret === null ? {} : { client_secret: dialect.clientSecret }),
        token_endpoint_auth_method: dialect.clientSecret === null ? "none" : "client_secret_post",
        application_type: "native",
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types: ["code"],
        redirect_uris: [...redirectUris],
      },
    ],
    jwks: { keys: [await signingKey] },
    cookies: { keys: ["for tests only"] },
    pkce: { required: () => true },
    scopes: [...dialect.scopes],
    claims: { openid: ["sub"], email: ["email"], profile: ["name", planClaim] },
    conformIdTokenClaims: false,
    rotateRefreshToken: dialect.rotation,
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed("refresh_token"),
    expiresWithSession: async () => false,
    ttl: {
      AccessToken: accessTokenLifetime,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: 86_400,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: 86_400,
      Session: 86_400,
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: `${id}@example.test`,
        name: id,
        [planClaim]: { chatgpt_account_id: `account-of-${id}`, chatgpt_plan_type: "plus" },
      }),
    }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: async (_context, client, token) => token.clientId === client.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => [],
        useGrantedResource: async () => true,
        getResourceServerInfo: () => resourceServer,
      },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: async (context, form) => void (context.body = form),
        userCodeConfirmSource: async (context, form) => void (context.body = form),
        successSource: async (context) => void (context.body = "You may close this page."),
      },
    },
    renderError: async (context, answer) => {
      context.type = "json";
      context.body = answer;
    },
  };
  const provider = new Provider(issuer, configuration);
  (provider as EventEmitter).on("error", (error: NodeJS.ErrnoException) => {
    // Some tests kill callers that wait for an answer; anything else should be seen.
    if (error.code !== "EPIPE" && error.code !== "ECONNRESET") console.error(error);
  });
  return provider;
}
