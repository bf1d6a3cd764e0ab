/** A number that stands for an event's label: what a million events are remembered by. */
export function hashOf(label: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < label.length; index++) hash = Math.imul(hash ^ label.charCodeAt(index), 16_777_619);
  return hash | 0;
}

/** What a reader has read since it last read its state anew: events in their order, without a gap. */
export class Stretch {
  /** The number before the first event. */
  readonly start: number;
  readonly hashes: number[] = [];

  constructor(start: number) {
    this.start = start;
  }

  /** The number of the last event. */
  get end(): number {
    return this.start + this.hashes.length;
  }

  add(label: string): void {
    this.hashes.push(hashOf(label));
  }

  /** Whether it stands at the number with another event than this. */
  differsAt(seq: number, label: string): boolean {
    const hash = this.hashes[seq - this.start - 1];
    return hash !== undefined && hash !== hashOf(label);
  }

  /** Whether it is a part of a history: of one, and not of two that were put together. */
  isPartOf(history: readonly number[]): boolean {
    return this.end <= history.length && this.hashes.every((hash, index) => hash === history[this.start + index]);
  }
}
