import type { Validator } from '../validator.js'
import { digitsOf, isDay, isOneDigit, luhn, numberAt, verhoeff, weighted } from './checksums.js'

/** US SSN: areas, groups and serials that are given out. Source: SSA, randomization rules of 2011. */
export const ssn: Validator = (value) => {
  const digits = digitsOf(value)
  const area = numberAt(digits, 0, 3)
  return digits.length === 9 && area !== 0 && area !== 666 && area < 900 && numberAt(digits, 3, 5) !== 0 && numberAt(digits, 5, 9) !== 0
}

/** US ITIN: begins with 9, group 50-65, 70-88, 90-92 or 94-99. Source: IRS. */
export const itin: Validator = (value) => {
  const digits = digitsOf(value)
  const group = numberAt(digits, 3, 5)
  return digits.length === 9 && digits[0] === 9 && group >= 50 && group !== 89 && group !== 93 && (group <= 65 || group >= 70)
}

/** Luhn, not all one digit: Canadian SIN, IMEI, South African and other numbers. */
export const luhnNumber: Validator = (value) => {
  const digits = digitsOf(value)
  return !isOneDigit(digits) && luhn(digits)
}

/** Canadian SIN: Luhn, and a first digit that is given out. Source: Service Canada. */
export const sin: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 9 && digits[0] !== 0 && digits[0] !== 8 && luhn(digits)
}

const cpfCheck = (digits: readonly number[], count: number): number => {
  const sum = digits.slice(0, count).reduce((total, digit, i) => total + digit * (count + 1 - i), 0)
  return ((sum * 10) % 11) % 10
}

/** Brazilian CPF: two checks modulo 11. Source: Receita Federal. */
export const cpf: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 11 && !isOneDigit(digits) && cpfCheck(digits, 9) === digits[9] && cpfCheck(digits, 10) === digits[10]
}

/** Brazilian CNPJ: two checks modulo 11. Source: Receita Federal. */
export const cnpj: Validator = (value) => {
  const digits = digitsOf(value)
  const check = (weights: readonly number[]): number => {
    const rest = weighted(digits, weights) % 11
    return rest < 2 ? 0 : 11 - rest
  }
  return (
    digits.length === 14 &&
    !isOneDigit(digits) &&
    check([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digits[12] &&
    check([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digits[13]
  )
}

/** Mexican CURP: check digit over 37 signs, Ñ between N and O. Source: RENAPO. */
export const curp: Validator = (value) => {
  const signs = '0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ'
  const text = value.toUpperCase()
  let sum = 0
  for (let i = 0; i < 17; i++) sum += signs.indexOf(text[i] ?? '0') * (18 - i)
  return text.length === 18 && String((10 - (sum % 10)) % 10) === text[17]
}

/** Argentine CUIL and CUIT: modulus 11. Source: ANSES. */
export const cuil: Validator = (value) => {
  const digits = digitsOf(value)
  const check = (11 - (weighted(digits, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return digits.length === 11 && [20, 23, 24, 25, 26, 27, 30, 33, 34].includes(numberAt(digits, 0, 2)) && check === digits[10]
}

/** Chilean RUN: modulus 11 with K for 10. Source: Registro Civil. */
export const rut: Validator = (value) => {
  const text = value.replaceAll(/[.-]/g, '').toUpperCase()
  const digits = digitsOf(text.slice(0, -1)).toReversed()
  const check = 11 - (digits.reduce((sum, digit, i) => sum + digit * ((i % 6) + 2), 0) % 11)
  return text.at(-1) === (check === 11 ? '0' : check === 10 ? 'K' : String(check))
}

/** Indian Aadhaar: Verhoeff, first digit 2 to 9. Source: UIDAI. */
export const aadhaar: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 12 && (digits[0] ?? 0) > 1 && !isOneDigit(digits) && verhoeff(digits)
}

/** Chinese resident identity number: date and ISO 7064 MOD 11-2. Source: GB 11643-1999. */
export const residentId: Validator = (value) => {
  const digits = digitsOf(value.slice(0, 17))
  const sum = weighted(digits, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
  const year = numberAt(digits, 6, 10)
  return (
    digits.length === 17 &&
    year >= 1900 &&
    year < 2100 &&
    isDay(numberAt(digits, 12, 14), numberAt(digits, 10, 12)) &&
    '10X98765432'[sum % 11] === value[17]?.toUpperCase()
  )
}

/** Japanese My Number: modulus 11. Source: Ministry of Internal Affairs, ordinance 85 of 2014. */
export const myNumber: Validator = (value) => {
  const digits = digitsOf(value)
  const rest = weighted(digits, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return digits.length === 12 && !isOneDigit(digits) && (rest <= 1 ? 0 : 11 - rest) === digits[11]
}

/** Korean resident number: a date, and a first digit of sex and century; numbers given since 2020 have no checksum. Source: MOIS. */
export const rrn: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 13 && isDay(numberAt(digits, 4, 6), numberAt(digits, 2, 4)) && (digits[6] ?? 0) >= 1 && (digits[6] ?? 0) <= 8
}

/** Singapore NRIC and FIN: letter by series. Source: ICA. */
export const nric: Validator = (value) => {
  const text = value.toUpperCase()
  const series = text[0] ?? ''
  const digits = digitsOf(text.slice(1, 8))
  const offset = series === 'T' || series === 'G' ? 4 : series === 'M' ? 3 : 0
  const rest = (weighted(digits, [2, 7, 6, 5, 4, 3, 2]) + offset) % 11
  const letters = series === 'S' || series === 'T' ? 'JZIHGFEDCBA' : series === 'M' ? 'KLJNPQRTUWX' : 'XWUTRQPNMLK'
  return digits.length === 7 && letters[series === 'M' ? 10 - rest : rest] === text[8]
}

/** Hong Kong identity card: modulus 11 over letters and digits. Source: Immigration Department. */
export const hkid: Validator = (value) => {
  const text = value.toUpperCase().replaceAll(/[()\s]/g, '')
  const body = text.slice(0, -1).padStart(8, ' ')
  let sum = 0
  for (let i = 0; i < 8; i++) {
    const letter = body[i] ?? ' '
    const part = letter === ' ' ? 36 : /\d/.test(letter) ? Number(letter) : letter.charCodeAt(0) - 55
    sum += part * (9 - i)
  }
  const last = text.at(-1) === 'A' ? 10 : Number(text.at(-1))
  return (sum + last) % 11 === 0
}

/** Taiwanese identity number: letters stand for two digits. Source: Ministry of the Interior. */
export const taiwanId: Validator = (value) => {
  const place = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(value[0]?.toUpperCase() ?? '') + 10
  const digits = [Math.floor(place / 10), place % 10, ...digitsOf(value.slice(1))]
  return place >= 10 && digits.length === 11 && weighted(digits, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]) % 10 === 0
}

/** Thai identity number: modulus 11. Source: Department of Provincial Administration. */
export const thaiId: Validator = (value) => {
  const digits = digitsOf(value)
  const sum = weighted(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
  return digits.length === 13 && digits[0] !== 0 && (11 - (sum % 11)) % 10 === digits[12]
}

/** Malaysian MyKad: a date. Source: JPN. */
export const myKad: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 12 && isDay(numberAt(digits, 4, 6), numberAt(digits, 2, 4)) && numberAt(digits, 6, 8) !== 0
}

/** Australian TFN: weights 1 4 3 7 5 8 6 9 10 modulo 11. Source: ATO. */
export const tfn: Validator = (value) => {
  const digits = digitsOf(value)
  const weights = digits.length === 8 ? [10, 7, 8, 4, 6, 3, 5, 1] : [1, 4, 3, 7, 5, 8, 6, 9, 10]
  return (digits.length === 8 || digits.length === 9) && !isOneDigit(digits) && weighted(digits, weights) % 11 === 0
}

/** Australian Medicare number: first digit 2 to 6 and a check digit. Source: Services Australia. */
export const medicareAu: Validator = (value) => {
  const digits = digitsOf(value)
  const first = digits[0] ?? 0
  return digits.length >= 10 && first >= 2 && first <= 6 && weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digits[8]
}

/** South African identity number: a date and Luhn. Source: Department of Home Affairs. */
export const southAfricanId: Validator = (value) => {
  const digits = digitsOf(value)
  return digits.length === 13 && isDay(numberAt(digits, 4, 6), numberAt(digits, 2, 4)) && (digits[10] ?? 9) <= 2 && luhn(digits)
}

const VIN_VALUES: Readonly<Record<string, number>> = Object.fromEntries(
  Array.from('ABCDEFGH')
    .map((letter, i): [string, number] => [letter, i + 1])
    .concat(
      Array.from('JKLMN').map((letter, i): [string, number] => [letter, i + 1]),
      [
        ['P', 7],
        ['R', 9],
      ],
      Array.from('STUVWXYZ').map((letter, i): [string, number] => [letter, i + 2]),
    ),
)

/** Vehicle identification number with its check digit. Source: ISO 3779, 49 CFR 565. */
export const vin: Validator = (value) => {
  const text = value.toUpperCase()
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
  const sum = weights.reduce((total, weight, i) => {
    const letter = text[i] ?? ''
    return total + weight * (/\d/.test(letter) ? Number(letter) : (VIN_VALUES[letter] ?? 0))
  }, 0)
  const check = sum % 11
  return /\d/.test(text) && /[A-Z]/.test(text) && text[8] === (check === 10 ? 'X' : String(check))
}
