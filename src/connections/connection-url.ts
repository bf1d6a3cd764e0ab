import { OperatorError } from "../errors/operator-error.ts";

/**
 * A URL of PostgreSQL or Redis that cannot be used. The reason reads on after the setting's name, and neither text
 * repeats anything of the URL but names of parameters and values that are no secrets.
 */
export class ConnectionUrlError extends OperatorError {
  /** The parameter of the URL that is wrong; null where it is another part. */
  readonly parameter: string | null;

  constructor(reason: string, cure: string, parameter: string | null = null) {
    super(reason, cure);
    this.parameter = parameter;
  }
}

const encodingCure =
  "Percent-encode special characters in the user name, password and database name: % is %25, @ is %40, / is %2F, # is %23, ? is %3F.";

export const malformedUrl = (): ConnectionUrlError => new ConnectionUrlError("is not a valid URL.", encodingCure);

/** @throws ConnectionUrlError for a URL that a parser would silently read in another way than it is meant. */
export function assertEncoded(text: string): void {
  if (/%(?![0-9a-f]{2})/i.test(text)) {
    throw new ConnectionUrlError("has a % that is not followed by two hexadecimal digits.", encodingCure);
  }
  if (text.includes("#")) throw new ConnectionUrlError("has a #, which would cut it short.", encodingCure);
  if (/[\s\p{Cc}]/u.test(text)) throw new ConnectionUrlError("has a space or a control character.", encodingCure);
  try {
    decodeURIComponent(text);
  } catch {
    throw new ConnectionUrlError("has a percent-encoded part that is not UTF-8.", encodingCure);
  }
  if (/%00/.test(text)) throw new ConnectionUrlError("has an encoded null character.", "Remove it.");
}

/** A name that is safe to repeat: what is no plain word may be a part of a password with an unencoded question mark. */
const isWord = (name: string): boolean => /^[a-z][a-z\d_]{0,40}$/i.test(name);

/**
 * The parameters of a URL's query by name.
 * @throws ConnectionUrlError where one is not known or stands there twice: a mistyped `sslmode` must not be ignored.
 */
export function readParameters(
  query: string,
  known: readonly string[],
  replaced: Readonly<Record<string, string>> = {},
): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.includes(name)) {
      if (!isWord(name)) throw new ConnectionUrlError("has a question mark where none is expected.", encodingCure);
      const cure = replaced[name] ?? `Correct or remove it. Known parameters: ${known.join(", ") || "none"}.`;
      throw new ConnectionUrlError(`has an unknown parameter, "${name}".`, cure, name);
    }
    if (parameters.has(name)) {
      throw new ConnectionUrlError(`has the parameter "${name}" more than once.`, "Keep one of them.", name);
    }
    parameters.set(name, value);
  }
  return parameters;
}
