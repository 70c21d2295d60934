/**
 * What a terminal would act on or hide: C0 and C1 controls, DEL, bidi and zero-width formatting, line and paragraph separators,
 * tags, lone surrogates. An attacker chose the text (a user name, a path): it must not move the cursor, recolour or reorder a line.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

const visible = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return NAMED[character] ?? `\\x${code.toString(16).padStart(2, '0')}`
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\u{${code.toString(16)}}`
}

/** Text as it may stand in a terminal: everything that acts is shown as an escape instead. */
export const escapeText = (text: string): string => text.replaceAll(UNSAFE, visible)

/** One value as one line of JSON that is safe to print: what JSON leaves raw but a terminal acts on is written as `\uXXXX`. */
export const toJsonLine = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replaceAll(UNSAFE, (character) =>
    [...Array(character.length).keys()].map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''),
  )

/** Text over several lines as one, escaped: descriptions and errors of YAML are written over lines that mean nothing. */
export const foldText = (text: string): string => escapeText(text.replaceAll(/\s*\n\s*/g, ' ').trim())
