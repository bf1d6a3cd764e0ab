/** How one vendor's authorization server differs from the standard on the wire. */
export interface Dialect {
  readonly clientSecret: string | null;
  readonly scopes: readonly string[];
  /** Those that users are asked for. */
  readonly signInScopes: readonly string[];
  /** What the tokens are for (RFC 8707). */
  readonly resource: string | null;
  /** Refresh tokens are for one use; a second use ends the grant. */
  readonly rotation: boolean;
  /** Bodies of requests to the token and revocation endpoints. */
  readonly requests: "form" | "json";
  /** Redirect URIs of the vendor's own that show a code to paste. */
  readonly pasteRedirectUris: readonly string[];
  /** Endpoints of the device flow that hands out codes. */
  readonly codeDevice: boolean;
  /** What the vendor makes of a successful token answer. */
  readonly tokens: (answer: Answer) => Answer;
  /** What the vendor makes of an error. */
  readonly error: (status: number, answer: Answer) => { readonly status: number; readonly body: Answer };
}

export type Answer = Readonly<Record<string, unknown>>;

/** In all error texts, so that a test can tell whether one got through. */
export const vendorText = "These are the vendor's own words";

const plainError: Dialect["error"] = (status, answer) => ({
  status,
  body: { ...answer, error_description: `${vendorText}: ${String(answer["error_description"])}` },
});

const openIdScopes = ["openid", "profile", "email", "offline_access"];
const googleScopes = [
  ...openIdScopes,
  "https://www.googleapis.com/auth/cloud-platform",
  "https://www.googleapis.com/auth/generative-language.retriever",
  "https://www.googleapis.com/auth/userinfo.email",
  "https://www.googleapis.com/auth/userinfo.profile",
];
const anthropicScopes = ["org:create_api_key", "user:profile", "user:inference"];
const openaiScopes = [...openIdScopes, "resource.invoke", "chatgpt.tokens.use.direct"];

/** The form of https://developers.google.com/identity/protocols/oauth2/web-server. */
const google: Dialect = {
  clientSecret: "a secret of the operator's client",
  scopes: googleScopes,
  signInScopes: googleScopes,
  resource: null,
  rotation: false,
  requests: "form",
  pasteRedirectUris: [],
  codeDevice: false,
  tokens: (answer) => answer,
  error: plainError,
};

/** JSON throughout; no ID token, but who it is beside the tokens. */
const anthropic: Dialect = {
  clientSecret: null,
  scopes: [...openIdScopes, ...anthropicScopes],
  signInScopes: anthropicScopes,
  resource: null,
  rotation: true,
  requests: "json",
  pasteRedirectUris: ["https://platform.claude.com/oauth/code/callback"],
  codeDevice: false,
  tokens: (answer) => ({
    ...answer,
    id_token: undefined,
    account: { uuid: "account-of-alice", email_address: "alice@example.test" },
    organization: { uuid: "organization-1", name: "Example" },
  }),
  error: plainError,
};

/** The form of https://developers.openai.com/siwc; errors as objects, and names of its own for a dead refresh token. */
const openai: Dialect = {
  clientSecret: null,
  scopes: openaiScopes,
  signInScopes: openaiScopes,
  resource: "https://api.openai.com/v1",
  rotation: true,
  requests: "form",
  pasteRedirectUris: [],
  codeDevice: true,
  tokens: (answer) => ({ ...answer, earliest_refresh_at: 1_900_000_000 }),
  error: (status, { error, error_description: text }) =>
    error === "invalid_grant"
      ? {
          status: 401,
          body: {
            error: {
              message: `${vendorText}: ${String(text)}`,
              type: "invalid_request_error",
              param: null,
              code: "refresh_token_invalidated",
            },
          },
        }
      : plainError(status, { error, error_description: text }),
};

export const dialects = { anthropic, google, openai };

export type AuthorizationServerKind = keyof typeof dialects;
