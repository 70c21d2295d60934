import { eastAsianWidth } from 'get-east-asian-width'

const MARK = /\p{M}/u

const widthOfCharacter = (character: string): number => {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x300) return 1
  return MARK.test(character) ? 0 : eastAsianWidth(code)
}

/** How many columns escaped text takes in a terminal. */
export const displayWidth = (text: string): number => {
  let width = 0
  for (const character of text) width += widthOfCharacter(character)
  return width
}

/** The front of a text that fits in `columns`, with an ellipsis when something was cut. */
export const fit = (text: string, columns: number): string => {
  if (displayWidth(text) <= columns) return text
  let width = 0
  let kept = ''
  for (const character of text) {
    const next = widthOfCharacter(character)
    if (width + next > columns - 1) break
    kept += character
    width += next
  }
  return `${kept}…`
}

/** Breaks a text at blanks into lines of at most `columns`; a longer word stands alone. */
export const wrap = (text: string, columns: number): string[] => {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (line !== '' && displayWidth(joined) > columns) {
      lines.push(line)
      line = word
    } else line = joined
  }
  return line === '' ? lines : [...lines, line]
}
