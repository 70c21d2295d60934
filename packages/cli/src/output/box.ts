import { displayWidth } from './width.js'

/** Lines in a frame of single strokes; colours come in through `style`, which must not change the width. */
export const formatBox = (
  lines: readonly string[],
  style: { frame?: (text: string) => string; line?: (text: string, at: number) => string } = {},
): string => {
  const frame = style.frame ?? ((text: string): string => text)
  const inner = Math.max(...lines.map(displayWidth)) + 4
  const row = (text: string, at: number): string =>
    `${frame('│')}  ${style.line?.(text, at) ?? text}${' '.repeat(inner - 2 - displayWidth(text))}${frame('│')}`
  return [frame(`╭${'─'.repeat(inner)}╮`), ...lines.map(row), frame(`╰${'─'.repeat(inner)}╯`)].join('\n')
}
