import { anthropic } from "./mock-provider/anthropic.ts";
import { google } from "./mock-provider/google.ts";
import { openai } from "./mock-provider/openai.ts";
import { startServer, type MockServer } from "./mock-provider/server.ts";
import type { Accounts, WireFormat } from "./mock-provider/wire-format.ts";

const wireFormats = { anthropic, openai, google } satisfies Record<string, WireFormat>;

/** The vendors whose wire format is spoken. */
export type MockProviderKind = keyof typeof wireFormats;

/** A local stand-in for a vendor's API. */
export interface MockProvider extends MockServer {
  /** A key of the vendor's form, random for each instance, and valid from the start. */
  readonly key: string;
  /** The keys that are accepted; take one out to revoke it. */
  readonly validKeys: Set<string>;
}

/** What a test may choose about its provider. */
interface MockProviderOptions {
  /** The key that is valid from the start, instead of a random one. */
  readonly key?: string;
  /** The access tokens of OAuth that are accepted now; none unless they are given. */
  readonly accessTokens?: Accounts["accessTokens"];
}

/** Starts a vendor's API on a free port of 127.0.0.1. */
export async function startMockProvider(
  kind: MockProviderKind,
  options: MockProviderOptions = {},
): Promise<MockProvider> {
  const format: WireFormat = wireFormats[kind];
  const key = options.key ?? format.newKey();
  const validKeys = new Set([key]);
  const accounts: Accounts = { validKeys, ...(options.accessTokens && { accessTokens: options.accessTokens }) };
  const server = await startServer((call) => format.answer(call, accounts), format.error);
  return { ...server, key, validKeys };
}
