import { CredentialNotFoundError } from "../errors.ts";
const idPattern = /^([A-Z][A-Za-z]{0,31}):(.{1,255})$/s;

/** The parts of a global id. An id that this API never gave has no type: it is nobody's, not an error. */
export function decodeNodeId(globalId: string): { typename: string; id: string } {
  const [, typename = "", id = ""] = idPattern.exec(Buffer.from(globalId.slice(0, 512), "base64").toString()) ?? [];
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
