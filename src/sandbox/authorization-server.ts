import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Configuration, Provider } from "oidc-provider";
import { answerWith, devicePages } from "./device-page.ts";
import { escapeHtml } from "./page.ts";
import type { TokenStore } from "./token-store.ts";

/** Under which this server is known at the sandbox. */
export const clientId = "maestro-auth";

/** What may be asked for, in words for the one who is asked. */
export const scopeTexts: Readonly<Record<string, string>> = {
  openid: "know who you are in the sandbox",
  email: "see your made-up e-mail address",
  "models:read": "list the sandbox's models",
};

/** Seconds: short, so that a refresh can be seen. */
const accessTokenLifetime = 60;
const day = 86_400;

export interface AuthorizationServerOptions {
  readonly issuer: string;
  readonly store: TokenStore;
  readonly isRedirectUriAllowed: (uri: string) => boolean;
}

function makeSigningKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "sandbox" };
}

function configure(store: TokenStore): Configuration {
  const scopes = Object.keys(scopeTexts);
  return {
    adapter: store.adapters,
    clients: [
      {
        client_id: clientId,
        client_name: "Maestro Auth",
        token_endpoint_auth_method: "none",
        // The library asks native applications for consent each time.
        application_type: "native",
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types: ["code"],
        redirect_uris: ["http://127.0.0.1/"],
        id_token_signed_response_alg: "ES256",
      },
    ],
    jwks: { keys: [makeSigningKey()] },
    // Cookies know no ports: those of another server on this machine must not be taken for ours.
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      names: { session: "_sandbox_session", interaction: "_sandbox_interaction", resume: "_sandbox_resume" },
    },
    pkce: { required: () => true },
    scopes,
    claims: { openid: ["sub"], email: ["email"] },
    conformIdTokenClaims: false,
    clientBasedCORS: () => false,
    rotateRefreshToken: true,
    issueRefreshToken: async () => true,
    expiresWithSession: async () => false,
    // Each sign-in is a grant of its own: ending one ends no other.
    loadExistingGrant: async ({ oidc }) => {
      const grantId = oidc.result?.consent?.grantId;
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId);
    },
    ttl: {
      AccessToken: accessTokenLifetime,
      AuthorizationCode: 60,
      DeviceCode: 600,
      Grant: day,
      IdToken: 3600,
      Interaction: 600,
      RefreshToken: day,
      Session: day,
    },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, email: `${id}@sandbox.example` }),
    }),
    interactions: { url: (_context, { uid }) => `/consent/${uid}` },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      revocation: {
        enabled: true,
        allowedPolicy: async (_context, client, token) => token.clientId === client.clientId,
      },
      deviceFlow: devicePages,
    },
    renderError: async (context, { error, error_description: description }) =>
      answerWith(context, {
        title: "This cannot go on",
        body: `<p>${escapeHtml(description ?? error)}</p>
<p class="quiet">Begin again in the application. If it goes on, its redirect URI may not be on the server's list.</p>`,
      }),
  };
}

/**
 * A certified OpenID provider: PKCE required, codes for one use, rotation with reuse detection, revocation, devices.
 */
export async function createAuthorizationServer(options: AuthorizationServerOptions): Promise<Provider> {
  // It is large, and servers without a sandbox never need it.
  const { Provider } = await import("oidc-provider");
  const provider = new Provider(options.issuer, configure(options.store));
  // The server's own list says where users may be sent back to; the library would know fixed ones only.
  provider.Client.prototype.redirectUriAllowed = options.isRedirectUriAllowed;
  return provider;
}
