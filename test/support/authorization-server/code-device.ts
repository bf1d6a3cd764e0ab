import { createHash, randomBytes } from "node:crypto";
import { clientId } from "./oidc-server.ts";

interface Pending {
  readonly deviceAuthId: string;
  readonly userCode: string;
  readonly codeVerifier: string;
  code: string | null;
}

/** A page or a JSON answer. */
interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const html = { "content-type": "text/html; charset=utf-8" };
const form = '<form method="post" action="/codex/device"><input name="user_code" value=""/></form>';

/**
 * As auth.openai.com answers polls of Codex CLI: the first code is the present one; the second, with the same meaning
 * to clients, was seen in 2026 by several of them (repositories that hold the string
 * `deviceauth_authorization_unknown`). Codex CLI itself looks at the status only (github.com/openai/codex,
 * codex-rs/login/src/device_code_auth.rs).
 */
function pendingError(isKnown: boolean) {
  const error = { type: "invalid_request_error", param: null };
  return isKnown
    ? { error: { ...error, message: "Device authorization is pending.", code: "deviceauth_authorization_pending" } }
    : {
        error: {
          ...error,
          message: "Device authorization is unknown. Please try again.",
          code: "deviceauth_authorization_unknown",
        },
      };
}

/** The device flow that hands out an authorization code, over the server's ordinary authorization endpoint. */
export class CodeDeviceEndpoints {
  readonly #issuer: string;
  readonly #scope: string;
  readonly #pending: Pending[] = [];

  constructor(issuer: string, scopes: readonly string[]) {
    this.#issuer = issuer;
    this.#scope = scopes.join(" ");
  }

  /** Null for a request that is not for this flow. */
  answer(route: string, url: URL, body: Readonly<Record<string, unknown>>): Reply | null {
    switch (route) {
      case "POST /api/accounts/deviceauth/usercode":
        return this.#begin();
      case "POST /api/accounts/deviceauth/token":
        return this.#poll(body);
      case "GET /codex/device":
        return { status: 200, headers: html, body: form };
      case "POST /codex/device":
        return this.#authorize(String(body["user_code"]));
      case "GET /deviceauth/callback":
        return this.#receive(url);
      default:
        return null;
    }
  }

  #begin(): Reply {
    const [deviceAuthId, userCode, codeVerifier] = [9, 6, 32].map((size) => randomBytes(size).toString("base64url"));
    const pending = { deviceAuthId: deviceAuthId!, userCode: userCode!, codeVerifier: codeVerifier!, code: null };
    this.#pending.push(pending);
    return { status: 200, body: { device_auth_id: deviceAuthId, user_code: userCode, interval: "5" } };
  }

  #poll({ device_auth_id: id, user_code: userCode }: Readonly<Record<string, unknown>>): Reply {
    const pending = this.#pending.find((item) => item.deviceAuthId === id && item.userCode === userCode);
    if (pending?.code == null) return { status: 403, body: pendingError(pending !== undefined) };
    return { status: 200, body: { authorization_code: pending.code, code_verifier: pending.codeVerifier } };
  }

  #authorize(userCode: string): Reply {
    const pending = this.#pending.find((item) => item.userCode === userCode);
    if (pending === undefined) return { status: 404, headers: html, body: "There is no such code." };
    const parameters = new URLSearchParams({
      client_id: clientId,
      response_type: "code",
      redirect_uri: `${this.#issuer}/deviceauth/callback`,
      scope: this.#scope,
      state: pending.deviceAuthId,
      resource: "https://api.openai.com/v1",
      code_challenge: createHash("sha256").update(pending.codeVerifier).digest("base64url"),
      code_challenge_method: "S256",
    });
    return { status: 302, headers: { location: `${this.#issuer}/auth?${parameters}` }, body: "" };
  }

  #receive({ searchParams }: URL): Reply {
    const pending = this.#pending.find((item) => item.deviceAuthId === searchParams.get("state"));
    if (pending !== undefined) pending.code = searchParams.get("code");
    return { status: 200, headers: html, body: "You may close this page." };
  }
}
