import type { Validator } from '../validator.js'
import { basicCredentials, entropyAtLeast, jsonWebToken } from './common.js'
import { lettersAndDigits, upperLowerDigit } from './tokens.js'

/** Validators of secret formats, by the name that rules use. */
export const secretValidators: Readonly<Record<string, Validator>> = {
  'basic-credentials': basicCredentials,
  'entropy-2': entropyAtLeast(2),
  'entropy-3': entropyAtLeast(3),
  'entropy-35': entropyAtLeast(3.5),
  'entropy-4': entropyAtLeast(4),
  'json-web-token': jsonWebToken,
  'letters-and-digits': lettersAndDigits,
  'upper-lower-digit': upperLowerDigit,
}
