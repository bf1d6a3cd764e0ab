/** Characters (Unicode code points, as PostgreSQL counts them); the width of every `label` column. */
const maxLength = 80;

/**
 * Nobody writes these in a name: controls, halves of surrogate pairs, noncharacters, line and paragraph separators,
 * byte order marks, and the characters that embed, override or isolate a direction of text or annotate it. With those,
 * a label could show as another one (https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing).
 */
const unsafe =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u{202a}-\u{202e}\u{2066}-\u{206f}\u{feff}\u{fff9}-\u{fffb}]/gu;

/**
 * Something that can be seen. Joiners and direction marks are part of many scripts and emoji, and alone they show
 * nothing.
 */
const visible = /[^\p{Cf}\p{White_Space}\p{Default_Ignorable_Code_Point}]/u;

/** A text with `replacement` for each character that no label may hold: the rest can be shown on a terminal. */
export function withoutUnsafe(text: string, replacement: string): string {
  return text.replaceAll(unsafe, replacement);
}

/** What keeps a text from being a label of a credential or a session, to follow "label"; null where nothing does. */
export function labelFault(text: string): string | null {
  if (text === "") return "must not be empty";
  if (Array.from(text.slice(0, 2 * maxLength + 1)).length > maxLength)
    return `must have at most ${maxLength} characters`;
  if (withoutUnsafe(text, "") !== text)
    return "must not hold control characters or characters that override the direction of text";
  if (!visible.test(text)) return "must hold a character that can be seen";
  return text === text.trim() ? null : "must not begin or end with white space";
}

/**
 * What labels are compared by: canonically equivalent texts are one label (NFC, https://www.unicode.org/reports/tr15/).
 * A label is stored as it was first written. The database has the same in `provider_credentials.label_key`, which its
 * queries compare with `labelKeyOf`.
 */
export function labelKey(label: string): string {
  return label.normalize("NFC");
}

/**
 * The same in SQL, so that one implementation of Unicode makes both sides of a comparison. @param parameter `?` or `$1`
 */
export function labelKeyOf(parameter: string): string {
  return `normalize(${parameter}, nfc)`;
}
