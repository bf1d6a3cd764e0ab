/** What a reader and the database must agree on, in constant space: how many events, and a checksum over their order. */
export class EventChain {
  seq = 0;
  checksum = 0;

  /** Adds the event that must be the next one. */
  add(label: string): void {
    this.seq += 1;
    let hash = this.checksum ^ this.seq;
    for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 16_777_619);
    this.checksum = hash | 0;
  }

  toString(): string {
    return `${this.seq} events, checksum ${this.checksum}`;
  }
}
