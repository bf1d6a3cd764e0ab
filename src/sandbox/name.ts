/** What users choose the sandbox by, as they choose any provider. */
export const sandboxName = "sandbox";
