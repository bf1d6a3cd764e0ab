import { z } from "zod";

/** A secret as it travels in an HTTP header (RFC 9110, section 5.5): visible ASCII, and not one character beside it. */
function headerText(maxLength: number) {
  return z
    .string()
    .min(1, "must not be empty")
    .max(maxLength, `must have at most ${maxLength} characters`)
    .refine((text) => text === text.trim(), "must not begin or end with white space; paste it again without it")
    .refine((text) => /^[\x21-\x7e]*$/.test(text.trim()), "must consist of visible ASCII characters only");
}

/** Longer than any provider's key; it bounds what is sealed and sent. */
export const secretText = headerText(2_048);

/** PostgreSQL takes no NUL in a text, and nobody means any other control character in a name. */
const plainText = z
  .string()
  .min(1, "must not be empty")
  .refine((text) => !/\p{C}/u.test(text), "must not hold control characters");

export const providerNameText = plainText.max(64, "must have at most 64 characters");

export const userIdText = plainText.max(255, "must have at most 255 characters");

export const labelText = plainText
  .max(80, "must have at most 80 characters")
  .refine((text) => text === text.trim(), "must not begin or end with white space");

/** A vendor's name of a model. */
export const modelText = plainText.max(128, "must have at most 128 characters");

/** A token of any provider: some are JWTs of several kilobytes. */
export const tokenText = headerText(16_384);

export const pastedText = z.string().min(1, "must not be empty").max(8_192, "must have at most 8192 characters");

export const redirectUriText = z.string().min(1, "must not be empty").max(2_048, "must have at most 2048 characters");

/** RFC 6749, section 3.3. */
export const scopeList = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, "must be a scope of visible ASCII characters"))
  .max(50, "must have at most 50 scopes");
