import { InvalidCredentialError, ProviderUnavailableError } from "../errors.ts";
import { type HttpClient, NoAnswerError, type OutboundResponse } from "./http-client.ts";
import type { CallOptions } from "./provider-auth.ts";
import { parseJsonObject, type ProviderErrorBody, readProviderError } from "./provider-error.ts";
import type { ProviderHealth } from "./provider-health.ts";

/** What an answer to the probe says of the credential; `null` leaves it to the general rules. */
export type ProbeVerdict = "valid" | "invalid" | "unavailable" | null;

/** A call that only a valid credential can make, and that costs nothing. */
export interface ProbeDescription {
  /** Below the provider's base URL. */
  readonly probe: string;
  /** Where this provider's answers differ from the general rules. */
  readonly verdict?: (status: number, error: ProviderErrorBody) => ProbeVerdict;
}

/** Where probes go, and who is told whether the provider answered. */
export interface ProbeTarget {
  readonly displayName: string;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly http: HttpClient;
  readonly health: ProviderHealth;
}

/** How the messages for the user speak of the credential. */
interface ProbeWords {
  /** As in "the key could not be checked". */
  readonly subject: string;
  /** What follows the provider's name when it says no. */
  readonly refusal: string;
}

/** 402 means that the account must pay, so the credential is good; so does a 429 that the vendor's `verdict` knows as a quota. */
function generalVerdict({ status, body }: OutboundResponse): Exclude<ProbeVerdict, null> {
  if (status === 402) return "valid";
  if (status === 401) return "invalid";
  const json = parseJsonObject(body);
  if (json === null) return "unavailable";
  // A 403 in HTML is a firewall's, and some gateways report errors with status 200: both say nothing of the credential.
  if (status === 403) return "invalid";
  return status >= 200 && status < 300 && json["error"] == null ? "valid" : "unavailable";
}

const noAnswer = {
  timeout: "did not answer in time",
  too_large: "gave an answer that is too large",
  unreachable: "could not be reached",
} satisfies Record<NoAnswerError["reason"], string>;

/** Why there is no answer, as a part of a sentence whose subject is the provider. */
export function describeNoAnswer({ reason }: NoAnswerError): string {
  return noAnswer[reason];
}

/** When to try again, as a sentence. `retryAfter` is in seconds. */
export function describeRetry(retryAfter: number | null): string {
  return retryAfter === null || retryAfter === 0 ? "Try again later." : `Try again in ${retryAfter} s.`;
}

/** Asks a provider whether it accepts a credential. */
export class CredentialProbe {
  readonly #description: ProbeDescription;
  readonly #target: ProbeTarget;
  readonly #words: ProbeWords;

  constructor(description: ProbeDescription, target: ProbeTarget, words: ProbeWords) {
    this.#description = description;
    this.#target = target;
    this.#words = words;
  }

  /**
   * Returns if the provider accepts a call with these headers.
   * @throws InvalidCredentialError, ProviderUnavailableError
   */
  async check(headers: Readonly<Record<string, string>>, options: CallOptions = {}): Promise<void> {
    const { displayName, health } = this.#target;
    const response = await this.#send(headers, options);
    const error = readProviderError(response.body);
    const verdict = this.#description.verdict?.(response.status, error) ?? generalVerdict(response);
    // A rate limit is one account's trouble, and the provider is there to tell of it.
    health.record(verdict !== "unavailable" || response.status === 429);
    if (verdict === "valid") return;
    const cause = new Error(`status ${response.status}: ${error.codes.join(", ")}: ${error.message ?? ""}`);
    if (verdict === "invalid") throw new InvalidCredentialError(`${displayName} ${this.#words.refusal}`, { cause });
    const { retryAfter } = response;
    throw new ProviderUnavailableError(
      `${displayName} gave no usable answer (status ${response.status}), so ${this.#words.subject} could not be ` +
        `checked. ${describeRetry(retryAfter)}`,
      { cause, retryAfter },
    );
  }

  async #send(headers: Readonly<Record<string, string>>, { signal }: CallOptions): Promise<OutboundResponse> {
    const { baseUrl, displayName, http, health } = this.#target;
    const url = `${baseUrl}${this.#description.probe}`;
    try {
      return await http.send({ method: "GET", url, headers: { accept: "application/json", ...headers }, signal });
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      health.record(false);
      const what = `${displayName} ${describeNoAnswer(error)}, so ${this.#words.subject} could not be checked.`;
      throw new ProviderUnavailableError(`${what} Try again later.`, { cause: error });
    }
  }
}
