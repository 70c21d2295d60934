import { describe, expect, it } from 'vitest'
import { type CspDirectives, mergeCsp, NONCE } from './csp.js'
import { createHeaders } from './headers.js'
import { lintCsp } from './lint-csp.js'

const SOUND = {
  'default-src': ["'self'"],
  'script-src': ["'self'", NONCE],
  'object-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
}
const lint = (over: CspDirectives, https = true): string[] => lintCsp(mergeCsp('csp', SOUND, over), https)

describe('the linter', () => {
  it('is content with a sound policy, and with one that lets nothing in', () => {
    expect(lint({})).toEqual([])
    expect(lint({ 'script-src': null, 'object-src': null, 'default-src': ["'none'"] })).toEqual([])
    expect(lint({ 'script-src': [NONCE, "'strict-dynamic'"] })).toEqual([])
    expect(lint({ 'img-src': ['*', 'data:'], 'connect-src': ['*.example.org'], 'font-src': ['https:'] })).toEqual([])
  })

  it.each<[CspDirectives, string]>([
    [{ 'script-src': null, 'default-src': null }, 'any script runs'],
    [{ 'script-src': ["'unsafe-inline'"] }, "'unsafe-inline'"],
    [{ 'script-src': null, 'default-src': ["'self'", "'unsafe-inline'"] }, "'unsafe-inline'"],
    [{ 'script-src': [NONCE, "'unsafe-eval'"] }, "'unsafe-eval'"],
    [{ 'script-src': [NONCE, "'unsafe-hashes'"] }, "'unsafe-hashes'"],
    [{ 'script-src': ["'strict-dynamic'"] }, 'without a nonce or a hash'],
    [{ 'script-src': [NONCE, "'strict-dynamic'", 'https://cdn.example'] }, 'the hosts in script-src mean nothing'],
    [{ 'script-src': ['*'] }, 'script-src allows scripts from anywhere (*)'],
    [{ 'script-src': ['data:'] }, 'from anywhere (data:)'],
    [{ 'script-src-elem': ['https:'] }, 'script-src-elem allows scripts from anywhere (https:)'],
    [{ 'worker-src': ['blob:'] }, 'worker-src allows scripts from anywhere'],
    [{ 'default-src': ['http:'] }, 'default-src allows scripts from anywhere'],
    [{ 'script-src': ['https://*'] }, 'from anywhere'],
    [{ 'script-src': ['*.example.org'] }, '*.example.org in script-src takes every host below it'],
    [{ 'script-src': ['https://*.cloudfront.net'] }, 'takes every host below it'],
    [{ 'img-src': ['http://cdn.example'] }, 'http://cdn.example in img-src: what is fetched in clear'],
    [{ 'connect-src': ['ws://live.example'] }, 'fetched in clear'],
    [{ 'object-src': null }, "without object-src 'none'"],
    [{ 'object-src': ["'self'"] }, "without object-src 'none'"],
    [{ 'base-uri': null }, 'base-uri'],
    [{ 'form-action': null }, 'form-action'],
    [{ 'frame-ancestors': null }, 'without frame-ancestors'],
    [{ 'frame-ancestors': ['*'] }, 'frame-ancestors lets any site'],
    [{ 'frame-ancestors': ['https:'] }, 'frame-ancestors lets any site'],
  ])('finds %j', (over, words) => {
    expect(lint(over).join('\n')).toContain(words)
  })

  it('says nothing of cleartext where the site itself is plain http', () => {
    expect(lint({ 'img-src': ['http://cdn.example'] }, false)).toEqual([])
  })

  it("passes over 'unsafe-inline' beside a nonce or a hash, as browsers do", () => {
    expect(lint({ 'script-src': [NONCE, "'unsafe-inline'"] })).toEqual([])
    expect(lint({ 'script-src': ["'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='", "'unsafe-inline'"] })).toEqual([])
  })

  it('tells everything that is wrong, each once', () => {
    const found = lint({
      'script-src': ['*', "'unsafe-inline'", "'unsafe-eval'"],
      'object-src': null,
      'base-uri': null,
      'form-action': null,
    })
    expect(found).toHaveLength(6)
    expect(new Set(found).size).toBe(6)
  })

  it('speaks at start, through the headers', () => {
    expect(createHeaders('app', { csp: { 'script-src': ["'unsafe-eval'"] } }).warnings.join()).toContain("'unsafe-eval'")
    expect(createHeaders('app', { https: false, csp: { 'img-src': ['http://cdn.example'] } }).warnings).toEqual([])
  })
})
