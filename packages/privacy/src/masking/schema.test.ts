import { describe, expect, it } from 'vitest'
import { joinRules, readRuleFile } from './schema.js'

const file = (rule: string, head = 'kind: secret\nprovider: Acme\n'): string =>
  `${head}rules:\n  - ${rule.trim().split('\n').join('\n    ')}\n`
const GOOD = `id: acme-token
title: Acme token
literals: [acme_]
pattern: 'acme_[a-z]{8}'
match: [acme_abcdefgh]
no-match: [acme_x]`

const refusal = (text: string): string => {
  try {
    readRuleFile(text, 'rules/acme.yml')
  } catch (error) {
    expect(error).toMatchObject({ code: 'PPT_MASK_RULE' })
    return (error as { detail: string }).detail
  }
  return 'accepted'
}

describe('a rule file', () => {
  it('gives rules with every default filled in', () => {
    expect(readRuleFile(file(GOOD), 'a.yml')).toEqual([
      {
        id: 'acme-token',
        title: 'Acme token',
        kind: 'secret',
        provider: 'Acme',
        trigger: { kind: 'literal', literals: ['acme_'] },
        pattern: 'acme_[a-z]{8}',
        caseInsensitive: false,
        lookback: 0,
        boundary: 'word',
        keepLast: 4,
        action: 'redact',
        confidence: 'high',
        match: ['acme_abcdefgh'],
        noMatch: ['acme_x'],
      },
    ])
  })

  it.each([
    ['not YAML', 'a: [', 'is not YAML'],
    ['a list', '- a', 'is a mapping'],
    ['no kind', file(GOOD, ''), 'kind is personal or secret'],
    ['an unknown field', file(GOOD, 'kind: secret\nauthor: me\n'), '"author" is not known'],
    ['no rules', 'kind: secret\nrules: []', 'rules is a list'],
    ['a rule without an id', file('title: x'), 'rule 1: needs an id'],
    ['an id in capitals', file(GOOD.replace('acme-token', 'AcmeToken')), 'needs an id in kebab-case'],
    ['an unknown field of a rule', file(`${GOOD}\nentropy: 3`), 'acme-token: "entropy" is not known'],
    ['an unknown validator', file(`${GOOD}\nvalidator: magic`), 'validator is one of'],
    ['an unknown action', file(`${GOOD}\naction: hash`), 'action is one of redact, mask'],
    ['an unknown confidence', file(`${GOOD}\nconfidence: sure`), 'confidence is one of'],
    ['too much kept', file(`${GOOD}\nkeep-last: 20`), 'keep-last is a whole number from 0 to 8'],
    ['a far lookback', file(`${GOOD}\nlookback: 900`), 'lookback is a whole number from 0 to 128'],
    ['no examples', file(GOOD.replace('match: [acme_abcdefgh]\n', '')), 'match is a list'],
    ['no counter-examples', file(GOOD.replace('\nno-match: [acme_x]', '')), 'no-match is a list'],
    ['no trigger', file(GOOD.replace('literals: [acme_]\n', '')), 'give literals'],
    ['two triggers', file(`${GOOD}\ntrigger: at`), 'not both'],
    ['a literal of one letter', file(GOOD.replace('[acme_]', '[a]')), 'a literal has 2 to 64'],
    ['a pattern outside the subset', file(GOOD.replace('{8}', '+')), 'acme-token: + has no bound'],
    ['a literal that the pattern does not spell', file(GOOD.replace('[acme_]', '[other_]')), 'is not spelled out'],
    ['a tail that is none', file(`${GOOD}\ntail: base64`), 'tail is pem'],
    ['a key twice', file(`${GOOD}\ntitle: again`), 'is not YAML'],
    ['an alias bomb', 'a: &a [x, x]\nb: [*a, *a]', 'is not YAML'],
  ])('with %s is refused, and the message says where', (_, text, why) => {
    const said = refusal(text)
    expect(said).toContain('rules/acme.yml')
    expect(said).toContain(why)
  })

  it('shares no id with another', () => {
    const rules = readRuleFile(file(GOOD), 'a.yml')
    expect(() => joinRules([rules, rules])).toThrow(
      expect.objectContaining({ code: 'PPT_MASK_RULE', detail: expect.stringContaining('acme-token') }),
    )
    expect(joinRules([rules])).toEqual(rules)
  })
})
