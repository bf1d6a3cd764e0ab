/** With what a command ends; a script can rely on these. */
export const exitCodes = {
  /** Everything was done. */
  ok: 0,
  /** Nothing was done, or a check failed; stderr says why and what to do. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** Part of the work was done; the report says what was not. */
  partial: 3,
  /** A second Ctrl-C cut the closing short, or Ctrl-C the start (128 + SIGINT, as shells count). */
  interrupted: 130,
  /** SIGTERM stopped a start before the server was ready (128 + SIGTERM). */
  terminated: 143,
} as const;

/** The same, for every `--help`. */
export const exitCodeHelp = `
Exit codes:
  0    everything was done
  1    nothing was done, or a check failed; stderr says why, and what to do
  2    the command line is wrong; nothing was done
  3    part of the work was done; the report says what was not
  130  a second Ctrl-C cut the closing short, or Ctrl-C the start
  143  SIGTERM cut the start short`;
