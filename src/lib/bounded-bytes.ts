/** How much may be collected. */
export interface ByteBounds {
  readonly bytes: number;
  /** Each piece costs work and memory of its own, however few bytes it brings. */
  readonly pieces: number;
}

/** Which bound was exceeded, and the bound itself. */
export class ByteBoundsError extends Error {
  readonly kind: keyof ByteBounds;
  readonly limit: number;

  constructor(kind: keyof ByteBounds, limit: number) {
    super(`more than ${limit} ${kind}`);
    this.name = "ByteBoundsError";
    this.kind = kind;
    this.limit = limit;
  }
}

const firstBytes = 1_024;

/**
 * Collects bytes that come in pieces. Each piece is copied into one buffer: kept as they come, 64 KiB in pieces of one
 * byte would take a hundred times as much memory, and each could pin the larger buffer that it is a view of.
 */
export class BoundedBytes {
  readonly #bounds: ByteBounds;
  #buffer = Buffer.alloc(0);
  #length = 0;
  #pieces = 0;

  constructor(bounds: ByteBounds) {
    this.#bounds = bounds;
  }

  /** @throws ByteBoundsError */
  add(piece: Uint8Array): void {
    const { bytes, pieces } = this.#bounds;
    this.#pieces += 1;
    if (this.#pieces > pieces) throw new ByteBoundsError("pieces", pieces);
    const length = this.#length + piece.length;
    if (length > bytes) throw new ByteBoundsError("bytes", bytes);
    if (length > this.#buffer.length)
      this.#grow(Math.min(Math.max(length, this.#buffer.length * 2, firstBytes), bytes));
    this.#buffer.set(piece, this.#length);
    this.#length = length;
  }

  /** Everything so far. It stays valid until the next piece. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(size);
    larger.set(this.bytes);
    this.#buffer = larger;
  }
}
