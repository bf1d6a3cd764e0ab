import { resolve } from "node:path";
import { readTrustedDocuments } from "../../../app/documents.ts";
import type { Config } from "../../../config/config.ts";
import { documentLimits } from "../../../graphql/limits/document-limits.ts";
import { type Finding, ok, skip } from "./check.ts";

/** Whether the operations that clients may send can be read, and fit this version. @throws ConfigError */
export async function checkTrustedDocuments({ trustedDocuments }: Pick<Config, "trustedDocuments">): Promise<Finding> {
  if (trustedDocuments === null) return skip("TRUSTED_DOCUMENTS is not set: clients may send any operation");
  const { size } = await readTrustedDocuments(resolve(trustedDocuments), documentLimits);
  return ok(`${size} operations in ${trustedDocuments}`);
}
