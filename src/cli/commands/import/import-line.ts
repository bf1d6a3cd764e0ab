import { z } from "zod";
import { labelText, providerNameText, scopeList, secretText, tokenText, userIdText } from "../../../graphql/input.ts";
import { Secret } from "../../../lib/secret.ts";
import type { ProviderCredentials } from "../../../providers/provider-auth.ts";

/** One credential of another system. */
export interface ImportItem {
  readonly userId: string;
  readonly provider: string;
  /** Null: the default. */
  readonly label: string | null;
  readonly credentials: ProviderCredentials;
}

/** Why a line is no credential. The text repeats nothing of the line, which may hold a secret anywhere. */
export class ImportLineError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ImportLineError";
  }
}

const common = {
  user: userIdText,
  provider: providerNameText,
  label: labelText.optional(),
};

const KeyLine = z.strictObject({ ...common, apiKey: secretText });

const TokenLine = z.strictObject({
  ...common,
  accessToken: tokenText,
  refreshToken: tokenText.optional(),
  expiresAt: z.iso.datetime({ offset: true, message: "must be a time such as 2026-11-27T12:00:00Z" }).optional(),
  scopes: scopeList.optional(),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its message would quote the line.
    throw new ImportLineError("is not JSON");
  }
}

function check<Shape extends z.ZodType>(shape: Shape, value: unknown): z.output<Shape> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ code, path, message }) =>
    // The name of an unknown field may be a secret in the wrong place, too.
    code === "unrecognized_keys"
      ? "has a field that is not known"
      : [path.join("."), message].filter(Boolean).join(" "),
  );
  throw new ImportLineError(issues.join("; "));
}

/** Reads one line of JSON. @throws ImportLineError */
export function parseImportLine(text: string): ImportItem {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || "apiKey" in value === "accessToken" in value) {
    throw new ImportLineError("must be an object with either apiKey or accessToken");
  }
  if ("apiKey" in value) {
    const { user, provider, label = null, apiKey } = check(KeyLine, value);
    return { userId: user, provider, label, credentials: { method: "api_key", apiKey: new Secret(apiKey) } };
  }
  const { user, provider, label = null, accessToken, refreshToken, expiresAt, scopes = [] } = check(TokenLine, value);
  return {
    userId: user,
    provider,
    label,
    credentials: {
      method: "oauth",
      accessToken: new Secret(accessToken),
      refreshToken: refreshToken === undefined ? null : new Secret(refreshToken),
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
      scopes,
      account: null,
    },
  };
}
