import type { Validator } from '../validator.js'
import { digitsOf, isDay, isOneDigit, luhn, mod1110, numberAt, weighted } from './checksums.js'

/** UK NHS number: modulus 11. Source: NHS Data Dictionary. */
export const nhsNumber: Validator = (value) => {
  const digits = digitsOf(value)
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return digits.length === 10 && !isOneDigit(digits) && (check === 11 ? 0 : check) === digits[9]
}

/** UK National Insurance number: prefixes that are given out. Source: HMRC, NIM39110. */
export const nationalInsurance: Validator = (value) => {
  const text = value.replaceAll(/[^A-Z\d]/gi, '').toUpperCase()
  return /^[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/.test(text) && !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(text)
}

/** German tax number of persons: ISO 7064 MOD 11,10, one digit twice or three times. Source: BZSt. */
export const steuerId: Validator = (value) => {
  const digits = digitsOf(value)
  const counts = Array.from({ length: 10 }, (_, digit) => digits.slice(0, 10).filter((other) => other === digit).length)
  return digits.length === 11 && digits[0] !== 0 && Math.max(...counts) <= 3 && Math.max(...counts) >= 2 && mod1110(digits)
}

/** French NIR: 97 minus the rest of the first 13, Corsica as 19 and 18. Source: INSEE. */
export const nir: Validator = (value) => {
  const text = value
    .replaceAll(/[\s.-]/g, '')
    .toUpperCase()
    .replace('2A', '19')
    .replace('2B', '18')
  if (!/^[1-478]\d{14}$/.test(text)) return false
  const month = Number(text.slice(3, 5))
  return (month >= 1 && month <= 12 ? true : month >= 20) && 97 - Number(BigInt(text.slice(0, 13)) % 97n) === Number(text.slice(13))
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'

/** Spanish DNI and NIE: the letter from the rest modulo 23. Source: Ministerio del Interior. */
export const dni: Validator = (value) => {
  const text = value.replaceAll(/[\s.-]/g, '').toUpperCase()
  const digits = text.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)))
  return /^\d{8}$/.test(digits) && DNI_LETTERS[Number(digits) % 23] === text.at(-1)
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]

/** Italian codice fiscale: control letter over odd and even places. Source: DM 23/12/1976. */
export const codiceFiscale: Validator = (value) => {
  const text = value.toUpperCase()
  const valueOf = (letter: string): number => (/\d/.test(letter) ? Number(letter) : letter.charCodeAt(0) - 65)
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const place = valueOf(text[i] ?? 'A')
    sum += i % 2 === 0 ? (ODD[place] ?? 0) : place
  }
  return text.length === 16 && String.fromCharCode(65 + (sum % 26)) === text[15]
}

/** Dutch BSN: the test of eleven. Source: RvIG. */
export const bsn: Validator = (value) => {
  const digits = digitsOf(value)
  const nine = digits.length === 8 ? [0, ...digits] : digits
  return nine.length === 9 && !isOneDigit(nine) && weighted(nine, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

/** Belgian national number: 97 minus the rest, with a 2 in front for births from 2000. Source: Rijksregister. */
export const belgianNumber: Validator = (value) => {
  const digits = digitsOf(value)
  if (digits.length !== 11) return false
  const body = numberAt(digits, 0, 9)
  const check = numberAt(digits, 9, 11)
  return !isOneDigit(digits) && (97 - (body % 97) === check || 97 - ((2_000_000_000 + body) % 97) === check)
}

/** Polish PESEL: weights 1 3 7 9 and a date whose month tells the century. Source: Ministerstwo Cyfryzacji. */
export const pesel: Validator = (value) => {
  const digits = digitsOf(value)
  const sum = weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3])
  return digits.length === 11 && isDay(numberAt(digits, 4, 6), numberAt(digits, 2, 4) % 20) && (10 - (sum % 10)) % 10 === digits[10]
}

/** Swedish personnummer and samordningsnummer: Luhn over the last ten, a day up to 91. Source: Skatteverket. */
export const personnummer: Validator = (value) => {
  const digits = digitsOf(value).slice(-10)
  const day = numberAt(digits, 4, 6)
  return digits.length === 10 && isDay(day > 60 ? day - 60 : day, numberAt(digits, 2, 4)) && luhn(digits)
}

/** Danish CPR number: a date; its old checksum is no longer kept by all. Source: CPR-kontoret. */
export const cpr: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 10 && isDay(numberAt(digits, 0, 2), numberAt(digits, 2, 4))
}

/** Finnish personal identity code: the rest modulo 31. Source: DVV. */
export const hetu: Validator = (value) => {
  const digits = digitsOf(value.slice(0, 6) + value.slice(7, 10))
  const isDate = isDay(numberAt(digits, 0, 2), numberAt(digits, 2, 4))
  return isDate && digits.length === 9 && '0123456789ABCDEFHJKLMNPRSTUVWXY'[numberAt(digits, 0, 9) % 31] === value[10]?.toUpperCase()
}

/** Norwegian fødselsnummer: two checks modulo 11. Source: Skatteetaten. */
export const fodselsnummer: Validator = (value) => {
  const digits = digitsOf(value)
  const day = numberAt(digits, 0, 2)
  return (
    digits.length === 11 &&
    isDay(day > 40 ? day - 40 : day, numberAt(digits, 2, 4) % 40) &&
    weighted(digits, [3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) % 11 === 0 &&
    weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0
  )
}

/** Swiss AHV number: EAN-13 of country 756. Source: ZAS. */
export const ahv: Validator = (value) => {
  const digits = digitsOf(value)
  const sum = weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3])
  return digits.length === 13 && numberAt(digits, 0, 3) === 756 && (10 - (sum % 10)) % 10 === digits[12]
}

/** Romanian CNP: weights 279146358279 modulo 11. Source: Legea 105/1996. */
export const cnp: Validator = (value) => {
  const digits = digitsOf(value)
  const rest = weighted(digits, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
  return (
    digits.length === 13 &&
    digits[0] !== 0 &&
    isDay(numberAt(digits, 5, 7), numberAt(digits, 3, 5)) &&
    (rest === 10 ? 1 : rest) === digits[12]
  )
}

/** Czech and Slovak birth number of ten digits: divisible by eleven, months of women plus 50. Source: Act 133/2000. */
export const birthNumber: Validator = (value) => {
  const digits = digitsOf(value)
  const month = numberAt(digits, 2, 4) % 50
  return digits.length === 10 && isDay(numberAt(digits, 4, 6), month > 20 ? month - 20 : month) && numberAt(digits, 0, 10) % 11 === 0
}

/** Bulgarian EGN: weights 2 4 8 5 10 9 7 3 6. Source: GRAO. */
export const egn: Validator = (value) => {
  const digits = digitsOf(value)
  const sum = weighted(digits, [2, 4, 8, 5, 10, 9, 7, 3, 6])
  return digits.length === 10 && isDay(numberAt(digits, 4, 6), numberAt(digits, 2, 4) % 20) && (sum % 11) % 10 === digits[9]
}

/** Portuguese NIF of a person (begins with 1, 2 or 3): modulus 11. Source: Autoridade Tributária. */
export const nif: Validator = (value) => {
  const digits = digitsOf(value)
  const check = 11 - (weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return digits.length === 9 && [1, 2, 3].includes(digits[0] ?? 0) && (check > 9 ? 0 : check) === digits[8]
}

/** Irish PPS number: letter from the rest modulo 23. Source: Department of Social Protection. */
export const pps: Validator = (value) => {
  const digits = digitsOf(value.slice(0, 7))
  const second = value[8] === undefined ? 0 : value[8].toUpperCase() === 'W' ? 0 : value[8].toUpperCase().charCodeAt(0) - 64
  const rest = (weighted(digits, [8, 7, 6, 5, 4, 3, 2]) + second * 9) % 23
  return digits.length === 7 && 'WABCDEFGHIJKLMNOPQRSTUV'[rest] === value[7]?.toUpperCase()
}

/** Turkish identity number: two checks. Source: NVI. */
export const tckn: Validator = (value) => {
  const digits = digitsOf(value)
  const [odd, even] = [weighted(digits, [1, 0, 1, 0, 1, 0, 1, 0, 1]), weighted(digits, [0, 1, 0, 1, 0, 1, 0, 1])]
  const total = digits.slice(0, 10).reduce((sum, digit) => sum + digit, 0)
  return digits.length === 11 && digits[0] !== 0 && (((odd * 7 - even) % 10) + 10) % 10 === digits[9] && total % 10 === digits[10]
}
