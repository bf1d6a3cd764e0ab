import { InvalidCredentialError, ProviderUnavailableError } from "../errors/auth-error.ts";
import type { Logger } from "../observability/logger.ts";
import {
  type AnswerRule,
  type CheckedCredential,
  findRule,
  generalWords,
  type ProviderAnswers,
  type Verdict,
} from "./answer-rules.ts";
import { type HttpClient, NoAnswerError, type OutboundResponse } from "./http-client.ts";
import type { AuthMethod, CallOptions } from "./provider-auth.ts";
import { parseJsonObject, readProviderError, showableCodes } from "./provider-error.ts";
import type { ProviderHealth } from "./provider-health.ts";

/** A call that only a valid credential can make, and that costs nothing. */
export interface ProbeDescription {
  /** Below the provider's base URL. */
  readonly probe: string;
}

/** Where probes go, what their answers mean, and who is told whether the provider answered. */
export interface ProbeTarget {
  readonly name: string;
  readonly displayName: string;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** The variable in which the operator has set the base URL; null where it is the catalogue's. */
  readonly baseUrlVariable: string | null;
  readonly answers: ProviderAnswers;
  readonly http: HttpClient;
  readonly health: ProviderHealth;
  readonly log?: Logger;
}

/** How the messages for the user speak of the credential. */
interface ProbeWords {
  /** As in "the key could not be checked". */
  readonly subject: string;
  /** What follows the provider's name when it says no. */
  readonly refusal: string;
}

/** What was seen of an answer that is no success: the cause of what a check throws. Never the vendor's text. */
export class ProbeAnswerError extends Error {
  readonly status: number;
  /** The vendor's own codes, as far as they may be shown. */
  readonly vendorCodes: readonly string[];
  /** Null where no rule of the provider's entry fits. */
  readonly verdict: Verdict | null;

  constructor(status: number, vendorCodes: readonly string[], verdict: Verdict | null) {
    super(vendorCodes.length === 0 ? `status ${status}` : `status ${status}: ${vendorCodes.join(", ")}`);
    this.name = "ProbeAnswerError";
    this.status = status;
    this.vendorCodes = vendorCodes;
    this.verdict = verdict;
  }
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

/** An answer after it was read. */
interface Reading {
  readonly response: OutboundResponse;
  readonly isReadable: boolean;
  readonly rule: AnswerRule | null;
  readonly seen: ProbeAnswerError;
}

/** Asks a provider whether it accepts a credential. What its answer means stands in the provider's entry. */
export class CredentialProbe {
  readonly #description: ProbeDescription;
  readonly #target: ProbeTarget;
  readonly #method: AuthMethod;
  readonly #words: ProbeWords;

  constructor(description: ProbeDescription, target: ProbeTarget, method: AuthMethod, words: ProbeWords) {
    this.#description = description;
    this.#target = target;
    this.#method = method;
    this.#words = words;
  }

  /**
   * Returns if the provider accepts the credential, with what the check could not see; null after a full check.
   * @throws InvalidCredentialError, ProviderUnavailableError
   */
  async check(
    secret: string,
    headers: Readonly<Record<string, string>>,
    options: CallOptions = {},
  ): Promise<string | null> {
    const response = await this.#send(headers, options);
    const reading = this.#read(response, { method: this.#method, secret });
    this.#report(reading);
    switch (reading.rule?.verdict) {
      case "valid":
        return null;
      case "limited":
      case "unpaid":
        return this.#tell(reading, reading.rule.verdict);
      case "invalid":
        throw new InvalidCredentialError(this.#refusal(reading.rule), { cause: reading.seen });
      case "consent":
      case "disabled": {
        const { verdict } = reading.rule;
        throw new InvalidCredentialError(this.#tell(reading, verdict), { cause: reading.seen, because: verdict });
      }
      default:
        throw this.#unavailable(reading);
    }
  }

  #read(response: OutboundResponse, credential: CheckedCredential): Reading {
    const json = parseJsonObject(response.body);
    const error = readProviderError(response.body);
    const { status } = response;
    const rule = json === null ? null : findRule(this.#target.answers.rules, { status, json, error }, credential);
    const codes = showableCodes(error, credential.secret);
    const seen = new ProbeAnswerError(status, codes, rule?.verdict ?? null);
    return { response, isReadable: json !== null, rule, seen };
  }

  /** What an answer says of the provider, and of the address that the operator has set. */
  #report({ response: { status }, isReadable, rule, seen }: Reading): void {
    const { name, displayName, baseUrlVariable, health, log } = this.#target;
    health.record(!isProvidersFailure(status, isReadable, rule));
    if (rule !== null) health.recover("address");
    else if (baseUrlVariable !== null && isOfAddress(status, isReadable)) {
      health.complain(`${displayName} ${wrongAddress(seen, baseUrlVariable)}`, "address");
    }
    if (rule?.verdict === "valid" || rule?.verdict === "invalid") return;
    const { vendorCodes, verdict } = seen;
    log?.tell("provider.unchecked", { provider: name, status, vendorCodes, verdict });
  }

  #refusal({ what, cure }: AnswerRule): string {
    const { displayName } = this.#target;
    return what === undefined ? `${displayName} ${this.#words.refusal}` : this.#sentences(`${what}.`, cure ?? "");
  }

  /** The rule's own words or the general ones, with what was seen. */
  #tell({ rule, seen }: Reading, verdict: keyof typeof generalWords): string {
    const told = generalWords[verdict];
    return this.#sentences(`${rule?.what ?? told.what} (${seen.message}).`, rule?.cure ?? told.cure);
  }

  #unavailable(reading: Reading): ProviderUnavailableError {
    const { rule, seen, response } = reading;
    const { status, retryAfter } = response;
    const options = { cause: seen, retryAfter };
    if (rule?.verdict === "blocked") return new ProviderUnavailableError(this.#tell(reading, "blocked"), options);
    const retry = describeRetry(retryAfter);
    if (rule?.verdict === "busy" || rule?.verdict === "overloaded") {
      return new ProviderUnavailableError(`${this.#tell(reading, rule.verdict)} ${retry}`.trim(), options);
    }
    const { baseUrlVariable } = this.#target;
    if (baseUrlVariable !== null && isOfAddress(status, reading.isReadable)) {
      return new ProviderUnavailableError(this.#sentences(wrongAddress(seen, baseUrlVariable), ""), options);
    }
    const isRefusal = reading.isReadable && status >= 400 && status < 500;
    const what = isRefusal
      ? `refused the check for a reason that this server does not know (${seen.message}). {It} was left as it is.`
      : `gave no usable answer (${seen.message}), so {it} could not be checked.`;
    return new ProviderUnavailableError(this.#sentences(what, retry), options);
  }

  #sentences(what: string, cure: string): string {
    const { subject } = this.#words;
    const text = `${this.#target.displayName} ${what} ${cure}`.trim();
    return text.replaceAll("{it}", subject).replaceAll("{It}", subject[0]!.toUpperCase() + subject.slice(1));
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

/**
 * Only what concerns everybody: 5xx, a limit that the vendor documents for all, and a success or a redirect that cannot
 * be read. A page with status 4xx may be a firewall's answer to one user's input.
 */
function isProvidersFailure(status: number, isReadable: boolean, rule: AnswerRule | null): boolean {
  if (rule !== null) return rule.verdict === "overloaded";
  return status >= 500 || (status < 400 && !isReadable);
}

/** There is no such path, the path leads elsewhere, or something answers that is not the API. */
function isOfAddress(status: number, isReadable: boolean): boolean {
  return status === 404 || status === 405 || (status < 400 && !isReadable);
}

function wrongAddress({ message }: ProbeAnswerError, variable: string): string {
  return `does not answer as an API at the address that this server calls (${message}). The operator has to check ${variable}.`;
}
