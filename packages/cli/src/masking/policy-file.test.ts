import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../fixtures/run-parapet.js'
import { checkNames, readPolicyFile } from './policy-file.js'

const folder = temporaryFolder()
let count = 0
const read = (text: string) => readPolicyFile(folder.write(`policy-${++count}.yml`, text))

describe('readPolicyFile', () => {
  it('reads actions, roles, names, allowed values and whose key makes pseudonyms', async () => {
    expect(
      await read(`
on: [ipv4]
off: [phone]
allow: [noreply@example.org]
built-in: true
pseudonym-key: env:PSEUDONYMS
actions: { personal: pseudonymize, payment-card: { action: mask, keep-last: 4 } }
roles:
  support: { personal: mask, '*': redact }
  admin: { personal: show }
`),
    ).toEqual({
      on: ['ipv4'],
      off: ['phone'],
      allow: ['noreply@example.org'],
      actions: { personal: 'pseudonymize', 'payment-card': { action: 'mask', keepLast: 4 } },
      roles: { support: { personal: 'mask', '*': 'redact' }, admin: { personal: 'show' } },
      rules: [],
      builtIn: true,
      pseudonymKey: 'env:PSEUDONYMS',
    })
  })

  it('may be empty: then nothing differs', async () => {
    expect(await read('')).toMatchObject({ on: [], off: [], actions: {}, roles: {}, builtIn: true })
  })

  it('finds its own rules beside itself, wherever the command runs', async () => {
    mkdirSync(join(folder.path, 'own'))
    folder.write(
      'own/a.yml',
      `kind: secret\nrules:\n  - {id: own-one, title: One, literals: [ONE-], pattern: 'ONE-\\d{4}', match: ['ONE-1234'], no-match: ['ONE-']}\n`,
    )
    expect((await read('rules: own\n')).rules.map(({ id }) => id)).toEqual(['own-one'])
    await expect(read('rules: elsewhere\n')).rejects.toMatchObject({ code: 'PPT_FILE_UNREADABLE' })
  })

  it.each([
    ['actons: {}', 'PPT_CONFIG_UNKNOWN_KEY', /actons; did you mean actions\?/],
    ['actions: { email: { action: mask, keeplast: 4 } }', 'PPT_CONFIG_UNKNOWN_KEY', /actions\.email\.keeplast; did you mean keep-last\?/],
    ['actions: { email: hide }', 'PPT_CONFIG_INVALID', /actions\.email takes one of redact, mask, pseudonymize, drop$/],
    ['actions: { email: show }', 'PPT_CONFIG_INVALID', /actions\.email takes one of/],
    ['actions: { email: tokenize }', 'PPT_CONFIG_INVALID', /takes no tokenize/],
    ['roles: { support: { email: hide } }', 'PPT_CONFIG_INVALID', /roles\.support\.email takes one of .*, show$/],
    ['actions: { email: { action: mask, keep-last: 40 } }', 'PPT_CONFIG_INVALID', /keep-last: 0 to 8/],
    ['actions: { email: { action: redact, keep-last: 4 } }', 'PPT_CONFIG_INVALID', /action: mask/],
    ['actions: [email]', 'PPT_CONFIG_INVALID', /actions takes key: value/],
    ['on: email', 'PPT_CONFIG_INVALID', /on takes a list of words/],
    ['allow: [5]', 'PPT_CONFIG_INVALID', /allow takes a list of words/],
    ['rules: [a]', 'PPT_CONFIG_INVALID', /rules takes a directory/],
    ['built-in: maybe', 'PPT_CONFIG_INVALID', /built-in takes true or false/],
    ['- a', 'PPT_CONFIG_INVALID', /takes key: value/],
    ['on: [a', 'PPT_CONFIG_INVALID', /line \d+ is not YAML/],
    ['on: [a]\non: [b]', 'PPT_CONFIG_INVALID', /is not YAML/],
    ['a: &x [y]\non: *x', 'PPT_CONFIG_INVALID', /aliases are not read/],
    ['__proto__: { on: [] }', 'PPT_CONFIG_UNKNOWN_KEY', /__proto__/],
  ])('refuses %j and names the place', async (text, code, sentence) => {
    await expect(read(text)).rejects.toMatchObject({ code, detail: expect.stringMatching(sentence) as string })
  })
})

describe('checkNames', () => {
  it('names the nearest of an unknown name', () => {
    expect(() => checkNames(['email', 'phnoe'], ['email', 'phone'], '--on')).toThrow(
      expect.objectContaining({ code: 'PPT_CONFIG_UNKNOWN_KEY', detail: '--on: phnoe is no rule; did you mean phone?' }),
    )
    expect(() => checkNames(['email'], ['email'], '--on')).not.toThrow()
  })
})
