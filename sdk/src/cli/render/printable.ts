/**
 * Text that others have written, such as an annotation or an event, fit for a terminal: characters that move its
 * cursor, paint, or turn the direction of writing are shown by their numbers, and cannot pass for our own output.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
