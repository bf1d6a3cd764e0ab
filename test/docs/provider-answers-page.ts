import { format } from "prettier";
import { type AnswerRule, generalWords, verdicts } from "../../src/providers/answer-rules.ts";
import type { ProviderDefinition } from "../../src/providers/provider-definition.ts";

const introduction = `# What we understand of each provider's answers

<!-- Written by \`npm run codegen\` from src/providers/catalog. Do not edit it here. -->

Before a key or a sign-in is stored, and whenever it is checked, the server makes one call that costs nothing. This page
lists the answers to that call which the server understands. A verdict needs evidence: it follows from a code or a text
that the vendor documents or that was seen, never from a status alone. The first rule that fits decides. Codes count
wherever in the body they stand, as the code, type or status of the error or as the reason of a detail. Whatever fits no
rule leaves a stored credential as it is, and the message names the status and the vendor's codes.

A warning stands in \`Credential.warning\` until a full check. A sign-in whose consent leaves out the scope of the API is
stored with one too.

Silence, 5xx and successes or redirects that cannot be read count against the provider's health. Everything else is an
answer and does not, apart from \`overloaded\`.

## Verdicts
`;

function quoted(words: readonly string[], mark: (word: string) => string): string {
  return words.map(mark).join(" or ");
}

/** The answers that a rule is for. */
function condition({ method, prefix, status, codes, text, field }: AnswerRule): string {
  const words = [
    ...(codes === undefined ? [] : [quoted(codes, (code) => `\`${code}\``)]),
    ...(text === undefined ? [] : [quoted(text, (piece) => `“${piece}”`)]),
  ].join(", or the text ");
  const success =
    field === undefined
      ? null
      : `with ${field.is === "list" ? `a list \`${field.name}\`` : `\`${field.name}: ${field.is}\``}`;
  return [
    status === undefined ? (field === undefined ? "4xx" : "2xx") : String(status),
    ...(success === null ? [] : [success]),
    ...(words === "" ? [] : [codes === undefined ? `with the text ${words}` : `with ${words}`]),
    ...(method === undefined ? [] : [method === "oauth" ? "to a sign-in" : "to a key"]),
    ...(prefix === undefined ? [] : [`that begins with \`${prefix}\``]),
  ].join(" ");
}

/** What the user is told, with a key as the example. */
function told(rule: AnswerRule, displayName: string): string | null {
  const general = rule.verdict === "valid" || rule.verdict === "invalid" ? null : generalWords[rule.verdict];
  const what = rule.what ?? general?.what;
  if (what === undefined) return null;
  const subject = rule.method === "oauth" ? "the sign-in" : "the key";
  const sentences = `${displayName} ${what}. ${rule.cure ?? general?.cure ?? ""}`.trim();
  return sentences.replaceAll("{it}", subject).replaceAll("{It}", `T${subject.slice(1)}`);
}

function item(rule: AnswerRule, displayName: string): string {
  const words = told(rule, displayName);
  const source = `[Source](${rule.source}).`;
  return `1. **${rule.verdict}**: ${condition(rule)}.\n   ${words === null ? source : `“${words}” ${source}`}`;
}

function section({ name, displayName = name, api, answers }: ProviderDefinition): string {
  if (answers === undefined || api === undefined) return "";
  const rules = answers.rules.map((rule) => item(rule, displayName)).join("\n");
  return `## ${displayName}\n\n\`GET ${api.probePath}\` below ${api.baseUrl}. Sources read in ${answers.asOf}.\n\n${rules}\n`;
}

/** The page as it is to stand in docs/. */
export async function providerAnswersPage(catalog: readonly ProviderDefinition[]): Promise<string> {
  const meanings = Object.entries(verdicts).map(([verdict, meaning]) => `- **${verdict}**: ${meaning}`);
  const page = [introduction, meanings.join("\n"), ...catalog.map(section)].join("\n\n");
  return format(page, { parser: "markdown", printWidth: 120 });
}
