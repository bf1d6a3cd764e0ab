import { type QuotaName, quotaNames } from "../quota.ts";
import { builder } from "./builder.ts";

const descriptions: Record<QuotaName, string> = {
  sessions: "Sessions that are not over.",
  "stored-sessions": "Sessions, with those that are over and still kept.",
  credentials: "Credentials of all providers.",
  labels: "Credentials of one provider and method, each under a label of its own.",
  "oauth-flows": "OAuth flows that wait for an answer.",
};

type EnumName<Name extends string> = Name extends `${infer Left}-${infer Right}`
  ? `${Uppercase<Left>}_${EnumName<Right>}`
  : Uppercase<Name>;

export const QuotaEnum = builder.enumType("Quota", {
  description: "Something of which one user may have so many and no more. The operator sets the limits.",
  values: Object.fromEntries(
    quotaNames.map((value) => [value.toUpperCase().replaceAll("-", "_"), { value, description: descriptions[value] }]),
  ) as { [Name in QuotaName as EnumName<Name>]: { value: Name; description: string } },
});
