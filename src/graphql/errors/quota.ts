import { type QuotaName, quotaNames } from "../../callers/quota.ts";
import { builder } from "../builder.ts";

const descriptions: Record<QuotaName, string> = {
  sessions: "Sessions that have not ended.",
  "stored-sessions": "Sessions, including ended ones that are still kept.",
  credentials: "Credentials of all providers.",
  labels: "Credentials of one provider and method, each with its own label.",
  "oauth-flows": "Pending OAuth flows.",
};

type EnumName<Name extends string> = Name extends `${infer Left}-${infer Right}`
  ? `${Uppercase<Left>}_${EnumName<Right>}`
  : Uppercase<Name>;

export const QuotaEnum = builder.enumType("Quota", {
  description: "What is limited for each user. The operator sets the limits.",
  values: Object.fromEntries(
    quotaNames.map((value) => [value.toUpperCase().replaceAll("-", "_"), { value, description: descriptions[value] }]),
  ) as { [Name in QuotaName as EnumName<Name>]: { value: Name; description: string } },
});
