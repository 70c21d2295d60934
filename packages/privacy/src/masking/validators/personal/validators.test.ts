import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findValidator, validatorNames } from '../registry.js'
import { digitsOf, luhn, mod1110, remainder97, verhoeff } from './checksums.js'
import { keccak256 } from './keccak.js'

fc.configureGlobal({ seed: 20_261_121 })

const accepts = (name: string, value: string): boolean | number => {
  const validator = findValidator(name)
  if (validator === undefined) throw new Error(`there is no validator ${name}`)
  return validator(value, value)
}

describe('checksums agree with published examples', () => {
  it('Luhn, Verhoeff, MOD 97-10, MOD 11,10', () => {
    expect(luhn(digitsOf('79927398713'))).toBe(true)
    expect(luhn(digitsOf('79927398710'))).toBe(false)
    expect(verhoeff(digitsOf('2363'))).toBe(true)
    expect(verhoeff(digitsOf('123451'))).toBe(true)
    expect(verhoeff(digitsOf('2364'))).toBe(false)
    expect(remainder97('3214282912345698765432161182')).toBe(1)
    expect(mod1110(digitsOf('07945'))).toBe(true)
  })

  it('Keccak-256 of nothing, of a word, and of more than a block', () => {
    expect(keccak256(Buffer.from('')).toString('hex')).toBe('c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
    expect(keccak256(Buffer.from('abc')).toString('hex')).toBe('4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45')
    expect(keccak256(Buffer.alloc(136, 'a')).toString('hex')).not.toBe(keccak256(Buffer.alloc(135, 'a')).toString('hex'))
  })

  it('EIP-55 addresses', () => {
    for (const address of [
      '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
      '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
      '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB',
    ])
      expect(accepts('ethereum-address', address)).toBe(true)
  })
})

describe('one wrong digit', () => {
  const numbers: readonly (readonly [string, string])[] = [
    ['payment-card', '4111111111111111'],
    ['payment-card', '378282246310005'],
    ['aadhaar', '234123412346'],
    ['nhs-number', '9434765919'],
    ['steuer-id', '86095742719'],
    ['pesel', '44051401359'],
    ['cpf', '52998224725'],
    ['cnpj', '11222333000181'],
    ['bsn', '111222333'],
    ['sin', '130692544'],
    ['tckn', '10000000146'],
    ['my-number', '123456789018'],
    ['resident-id', '11010519491231002X'],
    ['ahv', '7569217076985'],
    ['cnp', '1800101221144'],
    ['egn', '7523169263'],
    ['fodselsnummer', '15076500565'],
    ['tfn', '123456782'],
    ['south-african-id', '8001015009087'],
    ['iban', 'DE89370400440532013000'],
    ['vin', '1HGCM82633A004352'],
    ['codice-fiscale', 'RSSMRA85T10A562S'],
    ['dni', '12345678Z'],
  ]

  it.each(numbers)('is noticed by %s', (name, number) => {
    expect(accepts(name, number)).not.toBe(false)
    let noticed = 0
    let changed = 0
    for (let at = 0; at < number.length; at++) {
      if (!/\d/.test(number[at]!)) continue
      for (let digit = 0; digit < 10; digit++) {
        if (String(digit) === number[at]) continue
        changed++
        if (accepts(name, number.slice(0, at) + digit + number.slice(at + 1)) === false) noticed++
      }
    }
    expect(noticed / changed).toBeGreaterThan(0.95)
  })
})

describe('what a validator keeps', () => {
  it.each([
    ['email-address', 'joe@example.com.', 15],
    ['email-address', 'joe@example.com:8080', 15],
    ['email-address', 'icon@2x.png', false],
    ['email-address', 'react@18.2.0-rc.1', false],
    ['email-address', 'git@github.com:a/b', false],
    ['email-address', 'git@example.com', 15],
    ['email-address', '...@example.com', false],
    ['email-address', 'joe@example', false],
    ['email-address', `joe@${'a'.repeat(64)}.com`, false],
    ['payment-card', '4111 1111 1111 1111 123', 19],
    ['phone-international', '+33 6 12 34 56 78 2026', 17],
    ['phone-international', '+1 415 555 2671', 15],
    ['phone-international', '+1 415 555', 0],
    ['phone-international', '+0 415 555 2671', false],
    ['phone-international', '+999 12345678', 13],
    ['phone-national', '01-02-2026', false],
    ['phone-national', '0151 23456789', true],
    ['phone-nanp', '911-211-1234', false],
    ['iban', 'DE89 3704 0044 0532 0130 00 EUR', 27],
    ['ssn', '666-12-3456', false],
    ['ssn', '900-12-3456', false],
    ['ipv4', '256.1.1.1', false],
    ['birth-date', '31.12.1999', true],
    ['birth-date', '1899-01-01', false],
    ['bitcoin-address', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq', true],
  ] as const)('%s of %s is %s', (name, value, kept) => {
    expect(accepts(name, value)).toBe(kept)
  })

  it('is decided without an exception for any text at all', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...validatorNames()),
        fc.oneof(fc.string({ maxLength: 60 }), fc.stringMatching(/^[0-9A-Z.@ +-]{0,40}$/)),
        (name, value) => {
          const verdict = accepts(name, value)
          expect(typeof verdict === 'boolean' || (Number.isInteger(verdict) && verdict >= 0 && verdict <= value.length)).toBe(true)
        },
      ),
      { numRuns: 3000 },
    )
  })
})
