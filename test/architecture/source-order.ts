/** A folder of src/, or a file directly in it. */
export interface Part {
  readonly name: string;
  /** The question that it answers. */
  readonly question: string;
  /** Where to begin reading, as a path in src/. */
  readonly begin: string;
  /** The only other parts that may import it; all above it unless this is given. */
  readonly importedBy?: readonly string[];
  /** The only other parts that may import more than types from it; all above it unless this is given. */
  readonly valuesImportedBy?: readonly string[];
  /** It knows nothing of GraphQL, HTTP or WebSockets. */
  readonly isDomain?: true;
}

/**
 * The parts of src/ from the outside in. An import leads to the same part or to one further down, whether it is of a
 * value or of a type. The table in src/README.md is printed from this list by `npm run codegen`.
 */
export const sourceOrder: readonly Part[] = [
  { name: "main.ts", question: "What does `npm start` run?", begin: "main.ts" },
  { name: "bin.ts", question: "What does the installed command run?", begin: "bin.ts", importedBy: [] },
  { name: "cli.ts", question: "How does a command line start?", begin: "cli.ts", importedBy: ["bin.ts"] },
  { name: "index.ts", question: "What may an embedding application rely on?", begin: "index.ts", importedBy: [] },
  { name: "cli", question: "Which commands does an operator have?", begin: "cli/program.ts" },
  { name: "app", question: "How are the parts put together?", begin: "app/app.ts" },
  { name: "config", question: "Which settings are there?", begin: "config/config.ts" },
  { name: "http", question: "How does a request reach the server?", begin: "http/README.md" },
  { name: "graphql", question: "What does the API offer?", begin: "graphql/README.md" },
  { name: "coordinator.ts", question: "What can be done with credentials?", begin: "coordinator.ts", isDomain: true },
  { name: "access", question: "Which credential answers a call?", begin: "access/README.md", isDomain: true },
  { name: "connect", question: "How does a credential come in and go?", begin: "connect/README.md", isDomain: true },
  { name: "refresh", question: "How does a token stay fresh?", begin: "refresh/README.md", isDomain: true },
  {
    name: "sessions",
    question: "Which provider is active where, and until when?",
    begin: "sessions/README.md",
    isDomain: true,
  },
  { name: "credentials", question: "How are secrets kept?", begin: "credentials/README.md", isDomain: true },
  { name: "events", question: "How does a change reach subscribers?", begin: "events/README.md", isDomain: true },
  {
    name: "callers",
    question: "Who calls, and what may they do and keep?",
    begin: "callers/README.md",
    isDomain: true,
  },
  { name: "rate-limits", question: "How often may they do it?", begin: "rate-limits/README.md", isDomain: true },
  { name: "audit", question: "Who did what?", begin: "audit/README.md", isDomain: true },
  {
    name: "sandbox",
    question: "What can people try without an account?",
    begin: "sandbox/sandbox.ts",
    importedBy: ["app", "config"],
  },
  { name: "providers", question: "What is a provider?", begin: "providers/README.md", isDomain: true },
  {
    name: "db",
    question: "Where do rows live?",
    begin: "db/database.ts",
    valuesImportedBy: ["app", "cli"],
  },
  { name: "connections", question: "How are PostgreSQL and Redis reached?", begin: "connections/postgres-url.ts" },
  { name: "observability", question: "What does an operator see?", begin: "observability/logger.ts" },
  { name: "lib", question: "Which mechanisms know nothing of all this?", begin: "lib/clock.ts" },
  { name: "errors", question: "How is a failure told?", begin: "errors/auth-error.ts" },
];
