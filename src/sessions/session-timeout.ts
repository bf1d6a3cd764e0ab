/** The part of the timeout before its end at which the user is warned. */
const warningShare = 0.1;

/** How long a session lives without activity. */
export class SessionTimeout {
  readonly ms: number;

  /** @param seconds of inactivity. */
  constructor(seconds: number) {
    this.ms = seconds * 1000;
  }

  /** What follows from activity at a moment: when the session expires, and when its user is to be warned. */
  from(activity: Date): { readonly expiresAt: Date; readonly noticeAt: Date } {
    const expiresAt = activity.getTime() + this.ms;
    return { expiresAt: new Date(expiresAt), noticeAt: new Date(expiresAt - this.ms * warningShare) };
  }
}
