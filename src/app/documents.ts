import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { specifiedRules, validate } from "graphql";
import { type Config, ConfigError } from "../config/config.ts";
import { Documents, parseWithin } from "../graphql/documents/documents.ts";
import { ManifestError, TrustedDocuments } from "../graphql/documents/trusted-documents.ts";
import { documentLimits, type DocumentLimits } from "../graphql/limits/document-limits.ts";
import { OpenCosts } from "../graphql/limits/open-costs.ts";
import { OperationCosts } from "../graphql/limits/operation-cost.ts";
import { schema } from "../graphql/schema.ts";
import { decodeText, TextEncodingError } from "../lib/text-bytes.ts";
import type { AppBase } from "./overrides.ts";

/** What decides whether an operation is executed. */
export interface DocumentRules {
  readonly documents: Documents;
  readonly costs: OperationCosts;
  readonly openCosts: OpenCosts;
}

const exampleFile = "./persisted-documents.json";
/** More would hide the first ones. */
const maxFaults = 10;

function manifestFault(problem: string, cure: string): ConfigError {
  return new ConfigError([{ name: "TRUSTED_DOCUMENTS", problem, example: exampleFile, cure }]);
}

async function readManifest(path: string): Promise<string> {
  try {
    return decodeText(await readFile(path));
  } catch (error) {
    if (error instanceof TextEncodingError) throw manifestFault(`the file ${path} ${error.message}.`, error.cure);
    const { code } = error as NodeJS.ErrnoException;
    throw manifestFault(
      `the file ${path} cannot be read (${code}).`,
      "Name the manifest that your client's build writes.",
    );
  }
}

/** @throws ConfigError with each document that could not run. */
export async function readTrustedDocuments(path: string, limits: DocumentLimits): Promise<TrustedDocuments> {
  const check = (text: string) => {
    const document = parseWithin(text, limits);
    const [error] = validate(schema, document, specifiedRules);
    if (error !== undefined) throw error;
    return document;
  };
  const json = await readManifest(path);
  try {
    return TrustedDocuments.read(json, check);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    const { faults } = error;
    const more = faults.length > maxFaults ? [`and ${faults.length - maxFaults} more`] : [];
    const found = [...faults.slice(0, maxFaults), ...more].join("; ").replaceAll(/\s+/g, " ");
    throw manifestFault(
      `the manifest ${path} does not fit this server: ${found}`,
      "Build it against this server's schema.graphql.",
    );
  }
}

/** @throws ConfigError for a manifest that cannot be used. */
export async function createDocumentRules(config: Config, { overrides, onStep }: AppBase): Promise<DocumentRules> {
  const { maxQueryCost, maxSubscriptionCost, trustedDocuments } = config;
  const configured = {
    ...(maxQueryCost === null ? {} : { cost: maxQueryCost }),
    ...(maxSubscriptionCost === null ? {} : { subscriptionCost: maxSubscriptionCost }),
  };
  const limits = { ...documentLimits, ...configured, ...overrides.documents };
  const costs = new OperationCosts(schema, limits.cost);
  const openCosts = new OpenCosts(limits.subscriptionCost);
  if (trustedDocuments === null) return { documents: new Documents(limits, null), costs, openCosts };
  const trusted = await readTrustedDocuments(resolve(trustedDocuments), limits);
  onStep(`${trusted.size} trusted documents read; nothing else runs`);
  return { documents: new Documents(limits, trusted), costs, openCosts };
}
