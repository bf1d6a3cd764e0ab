/**
 * Loaded before the server: at a signal something fails that nobody has foreseen, with an error as drivers make them,
 * full of what the statement was about. `CRASH_SECRETS` is the secret of it.
 */
const secret = process.env["CRASH_SECRET"] ?? "";

function failure(): Error {
  const message = `invalid input syntax: "${secret}"\n - detail: Failing row contains (1,\n ${secret}).`;
  return Object.assign(new Error(message, { cause: new Error(secret) }), { parameters: [secret], query: secret });
}

process.on("SIGWINCH", () => {
  setImmediate(() => {
    throw failure();
  });
});
process.on("SIGCONT", () => void Promise.reject(failure()));
