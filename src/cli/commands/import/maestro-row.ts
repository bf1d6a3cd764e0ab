import { createDecipheriv } from "node:crypto";
import { z } from "zod";
import { isUserId, userIdRule } from "../../../callers/user-id.ts";
import { secretText, tokenText } from "../../../graphql/input.ts";
import { Secret } from "../../../lib/secret.ts";
import { type ImportItem, ImportLineError } from "./import-line.ts";

/** A row of The Maestro's table `provider_credentials`. */
export interface MaestroRow {
  readonly id: string;
  readonly userId: string;
  readonly provider: string;
  readonly authMethod: string;
  /** Base64 of IV ‖ AES-256-CBC ciphertext of JSON. */
  readonly credentials: string;
  /** Seconds since 1970. */
  readonly expiresAt: number | null;
}

const ivLength = 16;

const ApiKeyShape = z.object({ api_key: secretText });

const TokenShape = z.object({
  access_token: tokenText,
  refresh_token: tokenText.nullish(),
  // Either of OAuth's two ways to say it.
  scope: z.string().nullish(),
  scopes: z.array(z.string()).nullish(),
});

/**
 * Opens what The Maestro has encrypted. CBC has no authentication: a wrong key passes its padding once in 256 tries, so
 * that what comes out must also be JSON of the right shape before it is believed.
 */
function decrypt(text: string, key: Uint8Array): unknown {
  const bytes = Buffer.from(text, "base64");
  try {
    const decipher = createDecipheriv("aes-256-cbc", key, bytes.subarray(0, ivLength));
    const plain = Buffer.concat([decipher.update(bytes.subarray(ivLength)), decipher.final()]);
    return JSON.parse(plain.toString());
  } catch {
    // No cause: the message of a SyntaxError quotes the text.
    throw new ImportLineError("does not open with the old key");
  }
}

function check<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
  throw new ImportLineError(`opens, and is no credential: ${issues.join("; ")}`);
}

/** Reads one row. @param key 32 bytes. @throws ImportLineError */
export function openMaestroRow(row: MaestroRow, key: Uint8Array): ImportItem {
  if (!isUserId(row.userId)) throw new ImportLineError(`has a user_id that is not ${userIdRule}`);
  const opened = decrypt(row.credentials, key);
  const owner = { userId: row.userId, provider: row.provider, label: null };
  switch (row.authMethod) {
    case "api_key": {
      const { api_key: apiKey } = check(ApiKeyShape, opened);
      return { ...owner, credentials: { method: "api_key", apiKey: new Secret(apiKey) } };
    }
    case "oauth": {
      const tokens = check(TokenShape, opened);
      const scopes = tokens.scopes ?? tokens.scope?.split(" ").filter((scope) => scope !== "") ?? [];
      return {
        ...owner,
        credentials: {
          method: "oauth",
          accessToken: new Secret(tokens.access_token),
          refreshToken: tokens.refresh_token == null ? null : new Secret(tokens.refresh_token),
          expiresAt: row.expiresAt === null ? null : new Date(row.expiresAt * 1000),
          scopes,
          account: null,
        },
      };
    }
    default:
      throw new ImportLineError("has an authentication method that is neither oauth nor api_key");
  }
}
