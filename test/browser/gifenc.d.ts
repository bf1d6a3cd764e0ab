/** https://github.com/mattdesl/gifenc, which comes without types: what is used of it. */
declare module "gifenc" {
  type Palette = readonly (readonly number[])[];

  interface Encoder {
    /** `delay` is in milliseconds. */
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options?: { readonly palette?: Palette; readonly delay?: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }

  const gifenc: {
    GIFEncoder(): Encoder;
    quantize(rgba: Uint8Array, maxColors: number): Palette;
    applyPalette(rgba: Uint8Array, palette: Palette): Uint8Array;
  };
  export default gifenc;
}
