import { ClientError, ResponseBodyError } from "openid-client";
import {
  AuthError,
  InvalidCredentialError,
  OAuthDeniedError,
  OAuthStateError,
  type ProviderFailure,
  ProviderUnavailableError,
} from "../../errors/auth-error.ts";
import { describeNoAnswer, describeRetry } from "../credential-probe.ts";
import { NoAnswerError } from "../http-client.ts";
import { MalformedAnswerError, UnusableAnswerError } from "./answer.ts";
import { clientCodes, type Refusal, showableCode, subjectOf } from "./refresh-refusal.ts";

/** What was being done when a call to an authorization server failed. */
export type OAuthStep = "start" | "exchange" | "poll" | "refresh" | "revoke";

/**
 * RFC 6749, section 5.2, RFC 8707, section 2, and what vendors say instead: the request was wrong, the grant may be
 * good.
 */
const configurationCodes = new Set([
  ...clientCodes,
  "invalid_request",
  "invalid_scope",
  "invalid_target",
  "redirect_uri_mismatch",
  // RFC 6749, section 4.1.2.1: only the authorization endpoint answers so.
  "unsupported_response_type",
]);

/** Whether a provider's error code blames the registration of this server's own client. */
export function isConfigurationCode(code: string): boolean {
  return configurationCodes.has(code);
}

/**
 * The refusal of this server's own client, in words for the user; `code` is for the operator's log.
 * @param cause the provider's own answer; without it a browser has brought the code, which proves nothing against the
 * client.
 */
export function refusedClient(
  displayName: string,
  variables: readonly string[],
  code: string,
  cause?: Error,
): ProviderUnavailableError {
  return new ProviderUnavailableError(
    `${displayName} refused this server's own OAuth client. Your account is not the reason: ` +
      `the operator has to check ${variables.join(" and ")} and what is registered there.`,
    { cause, failure: cause !== undefined && clientCodes.has(code) ? "misconfigured" : "refused", vendorCode: code },
  );
}

/**
 * Whether the provider itself, and not a browser, has refused this server's own client or what it was configured to
 * ask.
 */
export function isClientRefusal(error: unknown): error is ProviderUnavailableError {
  if (!(error instanceof ProviderUnavailableError) || error.vendorCode === null) return false;
  return error.cause instanceof Error && isConfigurationCode(error.vendorCode);
}

interface OAuthFailureWords {
  readonly displayName: string;
  /** The variables with the operator's client. */
  readonly variables: readonly string[];
  readonly terminalCodes: readonly string[];
}

/** The first error of a class among an error and its causes. */
export function findCause<T extends Error>(error: unknown, type: new (...args: never[]) => T): T | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof type) return at;
  return null;
}

/** Whether a library refused an answer: its own error class, or a TypeError about what it was given to parse. */
function isRefusedAnswer(error: unknown): error is Error {
  return error instanceof ClientError || (error instanceof TypeError && "code" in error);
}

/** A cause for the log: the library's own causes hold whole answers, with the tokens in them. */
function withoutBody(error: Error): Error {
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return new Error(`${"code" in error ? String(error.code) : error.name}: ${error.message}${inner}`);
}

/** An error code as it may stand in a log: a provider may put anything in its place. */
export function toVendorCode(code: string): string {
  return showableCode(code) ?? "unreadable";
}

/** A success or a redirect that cannot be read, or a gateway that stopped waiting (RFC 9110, section 15.6.5). */
function mayHaveBeenCarriedOut(status: number): boolean {
  return status < 400 || status === 504;
}

function failureOf(status: number, wasSent: boolean, wasAnswered: boolean): ProviderFailure {
  if (wasAnswered) return "unknown";
  if (status === 429) return "limited";
  return wasSent && mayHaveBeenCarriedOut(status) ? "unknown" : "refused";
}

/** Turns what went wrong at an authorization server into refusals whose words are ours. */
export class OAuthFailures {
  readonly #words: OAuthFailureWords;
  readonly #terminal: ReadonlySet<string>;

  constructor(words: OAuthFailureWords) {
    this.#words = words;
    this.#terminal = new Set(["invalid_grant", ...words.terminalCodes]);
  }

  /** Whether an error code has a meaning here. */
  isKnownCode = (code: string): boolean =>
    this.#terminal.has(code) || configurationCodes.has(code) || code === "access_denied" || code === "expired_token";

  /**
   * The refusal to throw instead; anything unexpected comes back as it is.
   * @param wasSent whether the request itself had its turn, and not only what prepares for it, such as discovery.
   * @param wasAnswered whether it was answered, so that only what follows it failed, such as reading keys.
   */
  translate(error: unknown, step: OAuthStep, wasSent: boolean, wasAnswered = false): unknown {
    if (error instanceof AuthError) return error;
    const silence = findCause(error, NoAnswerError);
    if (silence !== null) {
      const mayHaveArrived = wasAnswered || (wasSent && silence.mayHaveArrived);
      const failure = mayHaveArrived ? "unknown" : "refused";
      return this.#unavailable(`${describeNoAnswer(silence)}.`, {
        failure,
        unprocessed: !mayHaveArrived,
        cause: silence,
      });
    }
    const unusable = findCause(error, UnusableAnswerError);
    if (unusable !== null) {
      const { status, codes, undecoded } = unusable;
      const code = status >= 400 && status < 500 && status !== 429 ? codes.find(isConfigurationCode) : undefined;
      if (code !== undefined && step === "refresh") {
        return this.#refreshRefusal({ status, code, description: null }, unusable);
      }
      if (code !== undefined) return refusedClient(this.#words.displayName, this.#words.variables, code, unusable);
      const coding = undecoded === null ? "" : `, in the content encoding "${undecoded}", which cannot be decoded here`;
      return this.#unavailable(`gave no usable answer (status ${status}${coding}).`, {
        failure: failureOf(status, wasSent, wasAnswered),
        // RFC 6585, section 4: who limits the rate does not do the work.
        unprocessed: !wasAnswered && (!wasSent || status === 429),
        retryAfter: unusable.retryAfter,
        cause: unusable,
      });
    }
    if (error instanceof ResponseBodyError) return this.#refusal(error, step);
    const malformed = findCause(error, MalformedAnswerError);
    if (malformed !== null) return this.#untrusted(step, malformed);
    return isRefusedAnswer(error) ? this.#untrusted(step, withoutBody(error)) : error;
  }

  #refusal(refusal: ResponseBodyError, step: OAuthStep): Error {
    const { displayName, variables } = this.#words;
    const { error: code, error_description: description, status } = refusal;
    const cause = new Error(`status ${status}: ${code}: ${description?.slice(0, 300) ?? ""}`);
    if (code === "access_denied" && step !== "refresh") return new OAuthDeniedError();
    if (code === "expired_token" && step === "poll") return new OAuthStateError();
    if (this.#terminal.has(code)) {
      const what =
        step === "refresh"
          ? `${displayName} no longer accepts this sign-in: it was revoked, replaced or has expired. Connect again.`
          : `${displayName} did not accept the authorization code: it was used before, or has expired. Start again.`;
      return new InvalidCredentialError(what, { cause });
    }
    if (step === "refresh") {
      return this.#refreshRefusal({ status, code, description: description ?? null }, cause);
    }
    if (configurationCodes.has(code)) {
      return refusedClient(displayName, variables, code, cause);
    }
    const vendorCode = toVendorCode(code);
    return this.#unavailable(`refused for a reason that this server does not know (status ${status}).`, {
      cause,
      vendorCode,
    });
  }

  #refreshRefusal(refusal: Refusal, cause: Error): Error {
    const { displayName, variables } = this.#words;
    const { status } = refusal;
    const vendorCode = showableCode(refusal.code);
    const shown = vendorCode ?? `status ${status}`;
    const [failure, detail, advice] = (
      {
        grant: ["declined", `refused to renew this sign-in (${shown}).`, "Where it goes on, connect again."],
        client: [
          "misconfigured",
          `refused this server's own OAuth client (${shown}).`,
          `Your account is not the reason: the operator has to check ${variables.join(" and ")} and what is registered there.`,
        ],
        block: [
          "hindered",
          `blocked the renewal (${shown}), and has not said that the sign-in is over.`,
          "The operator has to check the server's network, region and proxy.",
        ],
        account: [
          "hindered",
          `renews no sign-in of this account (${shown}).`,
          "Look at the account's billing there; connecting again is not needed.",
        ],
        address: [
          "hindered",
          `does not renew sign-ins at the address that this server asks (${shown}).`,
          "Your sign-in is not the reason: the operator has to check the token endpoint.",
        ],
        pace: ["limited", `gets too many requests (${shown}).`, describeRetry(null)],
        moment: ["limited", `cannot renew this sign-in at the moment (${shown}).`, describeRetry(null)],
      } as const
    )[subjectOf(refusal)];
    const what = `${displayName} ${detail}`;
    return new ProviderUnavailableError(`${what} ${advice}`, { cause, failure, detail: what, vendorCode });
  }

  /** A refresh that went wrong like this proves nothing against the grant; the next one will show. */
  #untrusted(step: OAuthStep, cause: Error): Error {
    if (step !== "exchange" && step !== "poll") {
      return this.#unavailable("gave an answer that failed this server's checks.", { failure: "unknown", cause });
    }
    return new InvalidCredentialError(
      `${this.#words.displayName} gave an answer that failed this server's checks, so nothing was stored. Start again.`,
      { cause },
    );
  }

  #unavailable(
    what: string,
    options: {
      readonly cause: Error;
      readonly retryAfter?: number | null;
      readonly failure?: ProviderFailure;
      readonly vendorCode?: string;
      readonly unprocessed?: boolean;
    },
  ): Error {
    const detail = `${this.#words.displayName} ${what}`;
    return new ProviderUnavailableError(`${detail} ${describeRetry(options.retryAfter ?? null)}`, {
      ...options,
      detail,
    });
  }
}
