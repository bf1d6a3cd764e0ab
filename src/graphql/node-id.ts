import { maxUserIdLength } from "../callers/user-id.ts";
import { CredentialNotFoundError } from "../errors/auth-error.ts";

const maxTypenameLength = 32;
/** The longest id within a type is a user's. */
const idPattern = new RegExp(`^([A-Z][A-Za-z]{0,${maxTypenameLength - 1}}):(.{1,${maxUserIdLength}})$`, "su");
/** Base64 has 4 characters for 3 bytes, and UTF-8 at most 4 bytes for a character. */
const maxLength = 4 * Math.ceil((maxTypenameLength + 1 + 4 * maxUserIdLength) / 3);

/** The parts of a global id. An id that this API never gave has no type: it is nobody's, not an error. */
export function decodeNodeId(globalId: string): { typename: string; id: string } {
  const [, typename = "", id = ""] =
    idPattern.exec(Buffer.from(globalId.slice(0, maxLength), "base64").toString()) ?? [];
  return { typename, id };
}

/** The row id behind a global id of one type that has UUIDs; null for any other id. */
export function decodeUuidNodeId(typename: string, globalId: string): string | null {
  const decoded = decodeNodeId(globalId);
  return decoded.typename === typename && isUuid(decoded.id) ? decoded.id : null;
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

/** The same that the Relay plugin gives a node's `id`. */
export function encodeNodeId(typename: string, id: string): string {
  return Buffer.from(`${typename}:${id}`).toString("base64");
}

/** The row behind an input's id. @throws CredentialNotFoundError for an id of anything else. */
export function credentialRowId(id: string): string {
  const rowId = decodeUuidNodeId("Credential", id);
  if (rowId === null) throw new CredentialNotFoundError();
  return rowId;
}
