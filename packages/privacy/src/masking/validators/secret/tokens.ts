import type { Validator } from '../validator.js'

/** Keeps what has a digit and a letter: no words, no identifiers of code without digits, no numbers. */
export const lettersAndDigits: Validator = (value) => /[0-9]/.test(value) && /[A-Za-z]/.test(value)

/** Keeps what has a digit, a lower-case and an upper-case letter: no digest in hexadecimal, no word, no constant. */
export const upperLowerDigit: Validator = (value) => /[0-9]/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value)
