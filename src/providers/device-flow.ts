import { type Configuration, genericGrantRequest, initiateDeviceAuthorization, ResponseBodyError } from "openid-client";
import { Secret } from "../credentials/secret.ts";
import { isConfidential } from "./loopback.ts";
import { MalformedAnswerError } from "./oauth-answer.ts";
import type { DeviceAuthorization } from "./provider-auth.ts";

/** The grants of openid-client give this. */
export type TokenResponse = Awaited<ReturnType<typeof genericGrantRequest>>;

/** One answer to a poll; without tokens the user has not decided yet. */
type DevicePoll = { readonly tokens: TokenResponse } | { readonly tokens: null; readonly slowDown: boolean };

const deviceCodeGrant = "urn:ietf:params:oauth:grant-type:device_code";

const maxInterval = 60;
const maxLifetime = 3_600;

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
    interval: answer.interval ?? 5,
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
