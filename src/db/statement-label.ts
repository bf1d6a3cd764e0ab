/** Statements whose labels are remembered, and the longest text that is. */
const maxRemembered = 1_000;
const maxTextLength = 4_000;
/** How much of a text is looked at: the verb and the first table stand in front. */
const headLength = 2_000;

const verbs = /^\s*(select|insert|update|delete|with|begin|start|commit|rollback|savepoint|release|set|lock)\b/i;
const tables = /\b(?:from|into|update|join)\s+(?:only\s+)?(?:"?\w{1,63}"?\.)?"?(\w{1,63})"?/gi;

/**
 * Names statements for metrics and the log: by the name that the code gave them, or by their verb and first table, such
 * as "select sessions". There are few such names, and none has anything of a value in it.
 */
export class StatementLabels {
  readonly #tables: ReadonlySet<string>;
  readonly #labels = new Map<string, string>();

  /** @param tables the tables that are named; statements on others have their verb only */
  constructor(tables: Iterable<string>) {
    this.#tables = new Set(tables);
  }

  /** Gives a statement of the code its own name. */
  name(text: string, name: string): void {
    if (!this.#labels.has(text)) this.#labels.set(text, name);
  }

  of(text: string): string {
    const known = this.#labels.get(text);
    if (known !== undefined) return known;
    const label = this.#read(text.slice(0, headLength));
    if (text.length <= maxTextLength && this.#labels.size < maxRemembered) this.#labels.set(text, label);
    return label;
  }

  #read(head: string): string {
    const verb = verbs.exec(head)?.[1]?.toLowerCase();
    if (verb === undefined) return "other";
    for (const [, table = ""] of head.matchAll(tables)) if (this.#tables.has(table)) return `${verb} ${table}`;
    return verb;
  }
}
