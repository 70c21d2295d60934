import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinKeyRules, readKeyRules } from './key-groups.js'
import { createKeyClassifier, wordsOf } from './keys.js'

fc.configureGlobal({ seed: 20_261_121 })

const rules = builtinKeyRules()
const everything = createKeyClassifier({ on: rules.groups.filter((group) => group.confidence === 'low').map((group) => group.id) })

describe.each(rules.groups)('keys of $id', (group) => {
  it.each(group.match)('%s is one', (key) => {
    expect(everything(key)?.id).toBe(group.id)
  })
  it.each(group.noMatch)('%s is none', (key) => {
    expect(everything(key)?.id).not.toBe(group.id)
  })
})

describe('a key name', () => {
  it('is known in at least 200 names', () => {
    expect(rules.groups.reduce((sum, { keys, exact }) => sum + keys.length + exact.length, 0)).toBeGreaterThan(200)
  })

  const spellings: readonly ((words: readonly string[]) => string)[] = [
    (words) => words.join('_'),
    (words) => words.join('-'),
    (words) => words.join('.'),
    (words) => words.join(' '),
    (words) => words.join('').toUpperCase(),
    (words) => words.join('_').toUpperCase(),
    (words) => words.map((word, i) => (i === 0 ? word : `${word[0]?.toUpperCase()}${word.slice(1)}`)).join(''),
    (words) => words.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`).join('-'),
  ]
  it('is found in every spelling and behind any prefix of another word', () => {
    const names = rules.groups.flatMap(({ id, keys }) => keys.map((name) => ({ id, name })))
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.constantFrom(...spellings), fc.boolean(), ({ id, name }, spell, isPrefixed) => {
        const words = name.split(' ')
        expect(everything(spell(words))?.id).toBe(id)
        expect(everything(`${isPrefixed ? 'acme_' : 'my-'}${spell(words)}`)?.id).toBe(id)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    ['XAPIKey', 'xapi key'],
    ['openAIApiKey', 'open ai api key'],
    ['oauth2Token', 'oauth 2 token'],
    ['user[password]', 'user password'],
    ['__proto__', 'proto'],
    ['A', 'a'],
    ['ABc', 'a bc'],
    ['HTTPServerKey', 'http server key'],
    ['', ''],
    ['ｐａｓｓｗｏｒｄ', 'password'],
  ])('%s has the words "%s"', (key, words) => {
    expect(wordsOf(key).join(' ')).toBe(words)
  })

  it('of a word that only contains one is innocent', () => {
    for (const key of ['monkey', 'keyboard', 'Accept', 'author', 'tokenCount', 'maxTokens', 'passwordChangedAt', 'pinned', 'cookieConsent'])
      expect([key, everything(key)?.id]).toEqual([key, undefined])
  })

  it('is not asked for longer than the end of a key, however long it is', () => {
    expect(everything(`${'x-'.repeat(500_000)}api-key`)?.id).toBe('api-key')
    expect(everything('key'.repeat(500_000))).toBeUndefined()
  })

  it('gives the same answer the second time, also when more keys were asked than are remembered', () => {
    const classify = createKeyClassifier()
    for (let i = 0; i < 20_000; i++) classify(`name${i}x`)
    expect([classify('apiKey')?.id, classify('apiKey')?.id, classify('constructor'), classify('toString')]).toEqual([
      'api-key', 'api-key', undefined, undefined,
    ]) // prettier-ignore
  })

  it('never throws, and never takes case for a difference of one word', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (key) => {
        everything(key)
        expect(wordsOf(key).every((word) => word.length > 0)).toBe(true)
      }),
    )
  })
})

describe('a classifier', () => {
  it('leaves groups of low confidence off until they are named, and others on until they are switched off', () => {
    expect(createKeyClassifier()('firstName')).toBeUndefined()
    expect(createKeyClassifier({ on: ['person-name'] })('firstName')?.id).toBe('person-name')
    expect(createKeyClassifier({ off: ['email'] })('email')).toBeUndefined()
    expect(() => createKeyClassifier({ off: ['e-mial'] })).toThrow(/no key group is called e-mial/)
  })

  const group = (more: string): string =>
    `groups:\n  - id: thing\n    title: Things\n    kind: secret\n    keys: [thing]\n    match: [thing]\n    no-match: [other]\n${more}`
  it('refuses a file with a fault and says where it is', () => {
    const faulty = (text: string): (() => void) => {
      return () => createKeyClassifier({ rules: readKeyRules(text, 'my.yml') })
    }
    expect(faulty(group(''))).not.toThrow()
    expect(faulty('groups: [{}]')).toThrow('my.yml: group 1 needs an id')
    expect(faulty('groups: {}')).toThrow('my.yml: the file is a mapping')
    expect(faulty('a: [')).toThrow('my.yml is not YAML')
    expect(faulty(group('    kid: x\n'))).toThrow('my.yml: thing.kid is not known')
    expect(faulty(group('    action: hide\n'))).toThrow('thing.action is one of redact')
    expect(faulty(group('    keep-last: 40\n'))).toThrow('thing.keep-last is a whole number')
    expect(faulty(group('    exact: [THING]\n'))).toThrow('"THING" of thing is empty or there twice')
    expect(faulty(group('neutral: 5\n'))).toThrow('neutral is a list')
    expect(faulty(`${group('')}${group('').slice(8)}`)).toThrow('thing is there twice')
  })
})
