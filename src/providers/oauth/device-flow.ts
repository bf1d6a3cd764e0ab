import { type Configuration, genericGrantRequest, initiateDeviceAuthorization, ResponseBodyError } from "openid-client";
import { isConfidential } from "../../lib/loopback.ts";
import { Secret } from "../../lib/secret.ts";
import type { DeviceAuthorization } from "../provider-auth.ts";
import type { Json } from "../provider-error.ts";
import { MalformedAnswerError } from "./answer.ts";

/** The grants of openid-client give this. */
export type TokenResponse = Awaited<ReturnType<typeof genericGrantRequest>>;

/** One answer to a poll; without tokens the user has not decided yet. */
type DevicePoll = { readonly tokens: TokenResponse } | { readonly tokens: null; readonly slowDown: boolean };

const deviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code";

/** Seconds between two polls where the answer names none (RFC 8628, section 3.2). */
const defaultInterval = 5;
const maxInterval = 60;
const maxLifetime = 86_400;
/** Seconds, where an answer leaves out what RFC 8628, section 3.2, requires. */
const defaultLifetime = 600;

/** A number, or digits as some vendors write it; null for anything else. */
function readNumber(value: unknown): number | null {
  const number = typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** Seconds between two polls. What is no number counts as left out. */
export function readInterval(value: unknown): number {
  return readNumber(value) ?? defaultInterval;
}

/**
 * Milliseconds since 1970, from a date of ISO 8601 or from seconds or milliseconds since 1970; null for anything else.
 */
function readInstant(value: unknown): number | null {
  const number = readNumber(value);
  // Seconds reach this value in the year 5138 only.
  if (number !== null) return number < 1e11 ? number * 1000 : number;
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/** Seconds until the codes of an answer end: what the answer says itself comes first. */
export function readDeviceLifetime(json: Json, now: Date, fallback = defaultLifetime): number {
  const lifetime = readNumber(json["expires_in"]);
  if (lifetime !== null && lifetime > 0) return lifetime;
  const end = readInstant(json["expires_at"]);
  const left = end === null ? 0 : (end - now.getTime()) / 1000;
  return left > 0 ? left : fallback;
}

/**
 * An answer of a device authorization endpoint as openid-client takes it: the library refuses an interval that is not a
 * positive number. Google calls the address `verification_url`
 * (https://developers.google.com/identity/protocols/oauth2/limited-input-device).
 */
export function adaptDeviceAuthorization(now: Date): (json: Json) => Json {
  return (json) => ({
    ...json,
    verification_uri: json["verification_uri"] ?? json["verification_url"],
    verification_uri_complete: json["verification_uri_complete"] ?? undefined,
    interval: Math.max(readInterval(json["interval"]), 1),
    expires_in: readDeviceLifetime(json, now),
  });
}

/**
 * What users are shown, and how long the provider is asked, within sensible bounds.
 * @throws MalformedAnswerError for a code or address that nobody can be shown.
 */
export function boundDeviceAuthorization(authorization: DeviceAuthorization): DeviceAuthorization {
  const { userCode, verificationUri, interval, expiresIn } = authorization;
  if (!/^[\x20-\x7e]{1,64}$/.test(userCode)) throw new MalformedAnswerError("user_code is not a short text");
  const url = URL.parse(verificationUri);
  if (url === null || !isConfidential(url) || verificationUri.length > 2_048) {
    throw new MalformedAnswerError("verification_uri is not an address of https");
  }
  return {
    ...authorization,
    interval: Math.min(Math.max(Math.ceil(interval), 1), maxInterval),
    expiresIn: Math.min(Math.max(expiresIn, 1), maxLifetime),
  };
}

/** Asks for a device code and a user code (RFC 8628, section 3.1). */
export async function startDeviceFlow(
  configuration: Configuration,
  parameters: Readonly<Record<string, string>>,
): Promise<DeviceAuthorization> {
  const answer = await initiateDeviceAuthorization(configuration, { ...parameters });
  return {
    deviceCode: new Secret(answer.device_code),
    userCode: answer.user_code,
    verificationUri: answer.verification_uri_complete ?? answer.verification_uri,
    interval: readInterval(answer.interval),
    expiresIn: answer.expires_in,
  };
}

/** Asks once for the tokens (RFC 8628, section 3.4). */
export async function pollDeviceFlow(
  configuration: Configuration,
  deviceCode: Secret,
  parameters: Readonly<Record<string, string>>,
): Promise<DevicePoll> {
  try {
    const body = { ...parameters, device_code: deviceCode.reveal() };
    return { tokens: await genericGrantRequest(configuration, deviceCodeGrant, body) };
  } catch (error) {
    if (error instanceof ResponseBodyError) {
      if (error.error === "authorization_pending") return { tokens: null, slowDown: false };
      if (error.error === "slow_down") return { tokens: null, slowDown: true };
    }
    throw error;
  }
}
