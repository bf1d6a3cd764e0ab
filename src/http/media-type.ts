const answerTypes = ["*/*", "application/*", "application/json", "application/graphql-response+json"];
const streamTypes = ["*/*", "text/*", "text/event-stream"];

/** The media types of an `Accept` header. Weights are not looked at, and only UTF-8 is spoken. */
function acceptedTypes(accept: string | undefined | null): string[] {
  if (accept == null || accept.trim() === "") return ["*/*"];
  return accept
    .toLowerCase()
    .split(",")
    .filter((range) => !/;\s*charset=(?!"?utf-8)/.test(range))
    .map((range) => range.split(";", 1)[0]!.trim());
}

/** Whether a client can read the events of a subscription. */
export function acceptsStream(accept: string | undefined | null): boolean {
  return acceptedTypes(accept).some((type) => streamTypes.includes(type));
}

/** Whether a client can read any form that an answer may take. */
export function acceptsAnswer(accept: string | undefined | null): boolean {
  return acceptsStream(accept) || acceptedTypes(accept).some((type) => answerTypes.includes(type));
}

/** Whether an answer is an event stream. */
export function isStream(contentType: unknown): boolean {
  return typeof contentType === "string" && contentType.split(";", 1)[0]!.trim() === "text/event-stream";
}

/** Whether a body is declared as JSON in UTF-8. */
export function isJson(contentType: string | undefined): boolean {
  const [type, ...parameters] = (contentType ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-8"?$/.test(charset);
  return type === "application/json" && isUtf8;
}
