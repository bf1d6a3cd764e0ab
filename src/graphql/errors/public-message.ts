const hidden = "[hidden]";

/** The words of the messages that parsing, validating and coercing make, as far as a request can provoke them. */
const messageWords = new Set(
  `0 16 32 3339 a aborted after aliases all an and anonymous any are argument arguments array as at batching be because
  been before between bit block blockstring body boolean both but by can cannot character child comment
  comments composite condition conflict conflicting constant contain contained contains could date defined definition
  definitions description descriptions determine did different differing digit directive directives disabled
  document does double each either empty encountered enum eof error errors escape exactly exceeded executable
  execute execution exist expected expecting extensions fetch field fields find float for form found fragment from
  get given got graphql has have here hidden id identifier if in include input inside instead int integer intended
  intentional introspection invalid is it itself json key keys known large least length level limit limited list
  location lose many maximum may mean more most multiple must mutation name named never no non not null nullable
  number numeric object objects of often on once one oneof only operation operations or output param parameter
  params parsing per perform perhaps position positive possible post precision processing provide provided queries
  query quote reached received removed represent request requested required reserved return returned rfc root runtime
  same scalar schema see select selected selection sent sequence sequences set shorthand should signed since single
  skip source specified spread spreads static string subfields subscription subscriptions such support supported
  syntax text than that the there they this time to together tokens too top type types unable undefined unexpected
  unicode unique unit units unknown unterminated usages use used utf validation value values variable variables via
  was what which will with within would you`.split(/\s+/),
);

type IsShown = (name: string) => boolean;

/** Whether a piece of a message has nothing in it but GraphQL's own words, names that may be shown, and punctuation. */
function isHarmless(text: string, isPublic: IsShown): boolean {
  const words = text.match(/\w+/g) ?? [];
  return /^[\x20-\x7e]*$/.test(text) && words.every((word) => messageWords.has(word.toLowerCase()) || isPublic(word));
}

/**
 * GraphQL's own messages repeat the values that they complain about, and a value may be a secret. What stays are names
 * that may be shown, and punctuation; everything else in quotes, and whatever stands where a message puts a bare value,
 * is hidden. GraphQL does not escape what it quotes, so a value with a quote in it may still stick out: then nothing of
 * the message stays.
 */
export function withoutValues(message: string, isPublic: IsShown): string {
  const shown = message
    .replace(/\b(found|value): .*/is, (_match, word: string) => `${word}: ${hidden}.`)
    .replaceAll(/"([^"]*)"/g, (quoted, content: string) => (isHarmless(content, isPublic) ? quoted : `"${hidden}"`));
  const unquoted = shown.replaceAll(/"[^"]*"/g, " ").replaceAll(/\bU\+[0-9A-F]{4,6}\b/g, " ");
  return isHarmless(unquoted, isPublic)
    ? shown
    : "The request is invalid here. The value is hidden because it may be a secret.";
}

/** Without the names of the schema that GraphQL proposes. */
export function withoutSuggestions(message: string): string {
  return message.replaceAll(/,? did you mean [^?]*\?/gi, "");
}
