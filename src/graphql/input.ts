import { z } from "zod";
import { isUserId, userIdRule } from "../callers/user-id.ts";
import { labelFault } from "../credentials/label.ts";
import { linesOf, readPastedSecret, secretFaults, visibleText } from "../lib/pasted-text.ts";

/** Room for what may be pasted around a secret. */
const wrappingLength = 8_192;

/**
 * A secret as it travels in an HTTP header (RFC 9110, section 5.5): visible ASCII. What obviously wraps a pasted one is
 * taken off.
 */
function pastedSecret(maxLength: number) {
  const tooLong = `must have at most ${maxLength} characters`;
  return z
    .string()
    .min(1, secretFaults.empty)
    .max(maxLength + wrappingLength, tooLong)
    .transform((pasted, context) => {
      const read = readPastedSecret(pasted);
      const fault = "fault" in read ? secretFaults[read.fault] : read.secret.length > maxLength ? tooLong : null;
      if (fault === null && "secret" in read) return read.secret;
      context.addIssue({ code: "custom", message: fault ?? tooLong });
      return z.NEVER;
    });
}

/** Longer than any provider's key; it bounds what is sealed and sent. */
export const secretText = pastedSecret(2_048);

/** A token of any provider: some are JWTs of several kilobytes. */
export const tokenText = pastedSecret(16_384);

/**
 * A parameter of an authorization response, as an application hands it on. Spaces and line breaks in it were pasted.
 */
export const responseText = z
  .string()
  .max(4_096, "must have at most 4096 characters")
  .transform((text) => linesOf(visibleText(text)).join(""))
  .pipe(
    z
      .string()
      .min(1, "must not be empty")
      .regex(/^[\x21-\x7e]*$/, "must consist of visible ASCII characters only"),
  );

/** PostgreSQL takes no NUL in a text, and nobody means any other control character in a name. */
const plainText = z
  .string()
  .min(1, "must not be empty")
  .refine((text) => !/\p{C}/u.test(text), "must not hold control characters");

export const providerNameText = plainText.max(64, "must have at most 64 characters");

export const userIdText = z.string().refine(isUserId, `must be ${userIdRule}`);

export const labelText = z.string().superRefine((text, context) => {
  const fault = labelFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});

/** A vendor's name of a model. */
export const modelText = plainText.max(128, "must have at most 128 characters");

export const pastedText = z.string().min(1, "must not be empty").max(8_192, "must have at most 8192 characters");

export const redirectUriText = z.string().min(1, "must not be empty").max(2_048, "must have at most 2048 characters");

/** RFC 6749, section 3.3. */
export const scopeList = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, "must be a scope of visible ASCII characters"))
  .max(50, "must have at most 50 scopes");
