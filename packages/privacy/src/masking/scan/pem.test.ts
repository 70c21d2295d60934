import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'

const masker = createMasker()
const LINE = 'MIIEpAIBAAKCAQEAx3v9Zr1qYt0sWm8fK2nBcD4eGhJkLpQrStUvWxYz0123456'

describe('a private key', () => {
  it.each([
    ['on lines', `-----BEGIN PRIVATE KEY-----\n${LINE}\n${LINE}\nabc=\n-----END PRIVATE KEY-----\nnext`, '[REDACTED:private-key]\nnext'],
    [
      'with Windows line ends',
      `-----BEGIN EC PRIVATE KEY-----\r\n${LINE}\r\n-----END EC PRIVATE KEY-----\r\nnext`,
      '[REDACTED:private-key]\r\nnext',
    ],
    [
      'with headers',
      `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB12\n\n${LINE}\n-----END RSA PRIVATE KEY-----`,
      '[REDACTED:private-key]',
    ],
    [
      'in JSON',
      `{"k":"-----BEGIN PRIVATE KEY-----\\n${LINE}\\n-----END PRIVATE KEY-----\\n","x":1}`,
      '{"k":"[REDACTED:private-key]\\n","x":1}',
    ],
    [
      'in JSON in JSON',
      `{"m":"{\\"k\\":\\"-----BEGIN PRIVATE KEY-----\\\\n${LINE}\\\\n-----END PRIVATE KEY-----\\"}"}`,
      '{"m":"{\\"k\\":\\"[REDACTED:private-key]\\"}"}',
    ],
    ['pasted on one line', `key -----BEGIN PRIVATE KEY----- ${LINE} ${LINE} -----END PRIVATE KEY----- ok`, 'key [REDACTED:private-key] ok'],
    [
      'of PGP',
      `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n${LINE}\n=aB3d\n-----END PGP PRIVATE KEY BLOCK-----`,
      '[REDACTED:private-key]',
    ],
  ])('%s is hidden with its lines', (_, text, masked) => {
    expect(masker.text(text)).toBe(masked)
  })

  it('that breaks off hides what looks like its body, and nothing of the log behind it', () => {
    const text = `-----BEGIN PRIVATE KEY-----\n${LINE}\n2026-11-22T00:04:38Z info: done\n`
    expect(masker.text(text)).toBe('[REDACTED:private-key]\n2026-11-22T00:04:38Z info: done\n')
    expect(masker.text('-----BEGIN PRIVATE KEY----- is missing in the file')).toBe('[REDACTED:private-key] is missing in the file')
  })

  it('is not what a certificate or a public key is', () => {
    for (const name of ['CERTIFICATE', 'PUBLIC KEY', 'CERTIFICATE REQUEST']) {
      const text = `-----BEGIN ${name}-----\n${LINE}\n-----END ${name}-----`
      expect(masker.text(text)).toBe(text)
    }
  })
})
