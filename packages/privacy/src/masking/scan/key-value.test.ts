import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'

const masker = createMasker({ actions: { '*': 'redact' } })
const R = (id: string): string => `[REDACTED:${id}]`

describe('the value beside a sensitive name', () => {
  it.each([
    ['password=hunter2 user=bob', `password=${R('password')} user=bob`],
    ['password = "hunter 2"; x', `password = "${R('password')}"; x`],
    ["passwd: 'it''", `passwd: '${R('password')}''`],
    ['"apiKey":"abc"', `"apiKey":"${R('api-key')}"`],
    ['\\"apiKey\\":\\"abc\\",\\"b\\":1', `\\"apiKey\\":\\"${R('api-key')}\\",\\"b\\":1`],
    ['X-Api-Key: abc', `X-Api-Key: ${R('api-key')}`],
    ['user[password]=abc&x=1', `user[password]=${R('password')}&x=1`],
    ['?token=abc&next=/', `?token=${R('token')}&next=/`],
    ['{token => abc}', `{token => ${R('token')}}`],
    ['DB_PASSWORD=abc', `DB_PASSWORD=${R('password')}`],
    ['spring.datasource.password=abc', `spring.datasource.password=${R('password')}`],
    ['run --password hunter2 --verbose', `run --password ${R('password')} --verbose`],
    ['Authorization: Bearer abc def', `Authorization: Bearer ${R('authorization')} def`],
    ['Authorization: Digest username="a", response="b"', `Authorization: Digest ${R('authorization')}"a", response="b"`],
    ['Cookie: a=b; c=d', `Cookie: ${R('cookie')}`],
    ["curl -H 'Cookie: a=b; c=d' https://x", `curl -H 'Cookie: ${R('cookie')}' https://x`],
    ['{"m":"Cookie: a=b; c=d"}', `{"m":"Cookie: ${R('cookie')}"}`],
    ['password=päss wort', `password=${R('password')} wort`],
  ])('is hidden: %s', (text, masked) => {
    expect(masker.text(text)).toBe(masked)
  })

  it.each([
    'password',
    'password:',
    'password: \n',
    'the password is wrong',
    'password=null',
    '"password":null,',
    '"password": {"a":1}',
    '"passwords": ["a"]',
    'std::token::x',
    'token://x',
    'passwordless=true',
    'tokenCount=5',
    'monkey=1',
    'password="',
    'password=""',
    'password=[REDACTED:password]',
    '"password":"[REDACTED:password]"',
  ])('is left where there is none: %s', (text) => {
    expect(masker.text(text)).toBe(text)
  })

  it('is hidden as what it is when a rule knows it better', () => {
    expect(masker.explain('token=AKIAIOSFODNN7EXAMPLQ').map(({ rule }) => rule)).toEqual(['aws-access-key-id'])
  })

  it('is left when the policy says so', () => {
    expect(createMasker({ off: ['password'] }).text('password=abc')).toBe('password=abc')
    expect(createMasker({ view: { password: 'show' } }).text('password=abc')).toBe('password=abc')
    expect(createMasker({ keysInText: false }).text('password=abc')).toBe('password=abc')
  })
})
