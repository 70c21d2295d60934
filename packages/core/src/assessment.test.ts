import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assessmentLine, isAssessmentToken, makeAssessmentTag, readAssessmentTag, readAssessmentText } from './assessment.js'
import { randomToken } from './ids.js'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000
const TOKEN = randomToken()
const OTHER = randomToken()

describe('the tag of an assessment', () => {
  it('names its run to who has the token', () => {
    const tag = makeAssessmentTag('run-1', NOW + HOUR, TOKEN)
    expect(tag).toMatch(/^v1\.run-1\.1700003600\.[\w-]{43}$/)
    expect(readAssessmentTag(tag, [OTHER, TOKEN], NOW)).toBe('run-1')
  })

  it('is nothing once it has expired, to the second', () => {
    const tag = makeAssessmentTag('run-1', NOW + HOUR, TOKEN)
    expect(readAssessmentTag(tag, [TOKEN], NOW + HOUR - 1)).toBe('run-1')
    expect(readAssessmentTag(tag, [TOKEN], NOW + HOUR)).toBeUndefined()
  })

  it('is nothing without the token: made by another, or by nobody', () => {
    expect(readAssessmentTag(makeAssessmentTag('run-1', NOW + HOUR, OTHER), [TOKEN], NOW)).toBeUndefined()
    expect(readAssessmentTag(makeAssessmentTag('run-1', NOW + HOUR, undefined), [TOKEN], NOW)).toBeUndefined()
    expect(readAssessmentTag(makeAssessmentTag('run-1', NOW + HOUR, TOKEN), [], NOW)).toBeUndefined()
  })

  it('does not survive the change of any one character', () => {
    const tag = makeAssessmentTag('run-1', NOW + HOUR, TOKEN)
    const lastBits = tag.length - 1
    fc.assert(
      fc.property(fc.nat(tag.length - 1), fc.constantFrom('0', 'a', 'Z', '_', '.', '-', '9'), (at, char) => {
        // the last character of base64url holds two bits that mean nothing
        fc.pre(tag[at] !== char && at !== lastBits)
        expect(readAssessmentTag(tag.slice(0, at) + char + tag.slice(at + 1), [TOKEN], NOW)).toBeUndefined()
      }),
      { seed: 11 },
    )
  })

  it('makes nothing of any other text, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ maxLength: 400 }),
          fc.string().map((text) => `v1.${text}`),
        ),
        (text) => {
          expect(readAssessmentTag(text, [TOKEN], NOW)).toBeUndefined()
        },
      ),
      { seed: 12 },
    )
  })
})

describe('the text that a host publishes', () => {
  it('consents to who knows the token until its end', () => {
    const line = assessmentLine(TOKEN, NOW + HOUR)
    expect(line).not.toContain(TOKEN)
    expect(readAssessmentText(line, TOKEN, NOW)).toEqual({ kind: 'given', until: NOW + HOUR })
    expect(readAssessmentText(line, TOKEN, NOW + HOUR)).toEqual({ kind: 'expired', until: NOW + HOUR })
    expect(readAssessmentText(line, OTHER, NOW)).toEqual({ kind: 'missing' })
  })

  it('takes the longest of several lines, and reads past comments', () => {
    const text = `# for the test of November\r\n${assessmentLine(OTHER, NOW)}\n${assessmentLine(TOKEN, NOW - 1_000)}\n${assessmentLine(TOKEN, NOW + HOUR)}\r\n`
    expect(readAssessmentText(text, TOKEN, NOW).kind).toBe('given')
  })

  it.each([
    ['without an end', assessmentLine(TOKEN, NOW).replace(/ until.*/, '')],
    ['with an end that is no date', assessmentLine(TOKEN, NOW).replace(/until.*/, 'until:2026-99-99T99:99:99Z')],
    ['inside another line', `<p>${assessmentLine(TOKEN, NOW + HOUR)}</p>`],
    ['behind twenty lines', `${'\n'.repeat(20)}${assessmentLine(TOKEN, NOW + HOUR)}`],
    ['of a page that answers everything', '<!doctype html><title>Welcome</title>'],
  ])('is no consent %s', (_name, text) => {
    expect(readAssessmentText(text, TOKEN, NOW)).toEqual({ kind: 'missing' })
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (text) => {
        expect(readAssessmentText(text, TOKEN, NOW).kind).toBe('missing')
      }),
      { seed: 13 },
    )
  })
})

it('a token is long enough and harmless in a header', () => {
  expect(isAssessmentToken(TOKEN)).toBe(true)
  for (const bad of ['', 'short', 'x'.repeat(129), `${'x'.repeat(40)}\n`, `${'x'.repeat(40)} `]) expect(isAssessmentToken(bad)).toBe(false)
})
