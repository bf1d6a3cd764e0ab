import { format } from "prettier";
import { logTopics } from "../../src/observability/log-events.ts";
import { type LogEvent, logFields } from "../../src/observability/log-fields.ts";

const introduction = `# The log

<!-- Written by \`npm run codegen\` from src/observability/log-events. Do not edit it here. -->

The log goes to stderr, one line for each event. In production each line is a JSON object, and nothing else is printed.
Elsewhere lines are text, and the start prints its steps and the addresses on stdout.

| Setting        | Default                   | Meaning                                                                          |
| -------------- | ------------------------- | -------------------------------------------------------------------------------- |
| \`LOG_FORMAT\`   | json in production, text  | \`json\` or \`text\`                                                                 |
| \`LOG_LEVEL\`    | info in production, warn  | \`trace\`, \`debug\`, \`info\`, \`warn\`, \`error\` or \`silent\`; info with \`LOG_REQUESTS\` |
| \`LOG_REQUESTS\` | off                       | \`off\`; \`errors\`: a line for each operation that failed; \`all\`                   |

Every line has \`level\`, \`time\` (RFC 3339, UTC), \`event\` and \`msg\`. Filter and alert by \`event\`: names and fields are
stable, texts are not. An alert on \`level\` of \`error\` and \`fatal\` is a good start.

No line holds an API key, a token, an authorization code, a password, a variable, a document or a URL with its query.
User ids stand in lines of \`request\` only. Lines that a client can cause, or that repeat while something is broken, are
limited each minute; \`log.suppressed\` counts what was left out.

\`LOG_REQUESTS\` writes one line for each GraphQL operation over HTTP, SSE and WebSocket. A refusal that is a value of a
mutation's union counts as failed. A caller whose token is refused has no operation: see \`caller.refused\`.

## Fields
`;

function section([topic, events]: readonly [string, Readonly<Record<string, LogEvent>>]): string {
  const entries = Object.entries(events).map(([name, { level, message, fields, advice, limit }]) => {
    const shown = fields.length === 0 ? "" : ` Fields: ${fields.map((field) => `\`${field}\``).join(", ")}.`;
    const bound =
      limit === undefined
        ? ""
        : ` At most ${limit.lines} a minute${limit.by === undefined ? "" : ` for each \`${limit.by}\``}.`;
    const text = message.replaceAll("<", "\\<");
    return `- **\`${name}\`** (${level}): ${text}.${shown}${bound}${advice === "" ? "" : ` ${advice}`}`;
  });
  return `## ${topic}\n\n${entries.join("\n")}`;
}

/** docs/logs.md as it is to stand there. */
export async function logsPage(): Promise<string> {
  const fields = Object.entries(logFields).map(([name, meaning]) => `- \`${name}\`: ${meaning}`);
  const page = [introduction, fields.join("\n"), ...Object.entries(logTopics).map(section)].join("\n\n");
  return format(page, { parser: "markdown", printWidth: 120, proseWrap: "always" });
}
