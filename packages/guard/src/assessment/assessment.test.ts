import { assessmentLine, makeAssessmentTag, ParapetError, readAssessmentText, type SecurityEvent } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createGuard, type Guard } from '../app/guard.js'
import type { GuardOptions } from '../app/options.js'
import type { GuardRequest } from '../request/guard-request.js'
import { createAssessment } from './assessment.js'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000
const TOKEN = 'token-of-the-first-assessment-0123456789'
const SECOND = 'token-of-another-assessment-01234567890'

type World = { readonly guard: Guard; readonly events: SecurityEvent[]; readonly at: { now: number } }

const worldOf = (assessment: GuardOptions['assessment']): World => {
  const events: SecurityEvent[] = []
  const at = { now: NOW }
  const guard = createGuard({
    secret: 'k3y-for-tests-0123456789abcdefghij',
    clientAddress: 'direct',
    publicOrigins: ['http://localhost:3000'],
    onDiagnostic: () => undefined,
    onEvent: (event) => events.push(event),
    clock: () => at.now,
    login: { delay: 'none' },
    assessment,
  })
  return { guard, events, at }
}

const requestOf = (tag: string | undefined, over: Partial<GuardRequest> = {}): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => (name === 'parapet-assessment' ? tag : undefined),
  peer: '203.0.113.9',
  secure: false,
  ...over,
})

const eventOf = async (world: World, tag: string | undefined): Promise<SecurityEvent> => {
  const passage = await world.guard.enter(requestOf(tag))
  passage.done(200)
  return world.events.at(-1)!
}

describe('the events of an assessment', () => {
  it('are marked with the run when its tag is verified', async () => {
    const world = worldOf({ token: TOKEN })
    expect(await eventOf(world, makeAssessmentTag('run-1', NOW + HOUR, TOKEN))).toMatchObject({
      'event.action': 'http-request',
      'source.ip': '203.0.113.9',
      'parapet.assessment': 'run-1',
    })
  })

  it.each([
    ['no tag', undefined],
    ['a tag without a seal', 'v1.run-1'],
    ['a tag of an unknown token', makeAssessmentTag('run-1', NOW + HOUR, SECOND)],
    ['an expired tag', makeAssessmentTag('run-1', NOW, TOKEN)],
    ['the hash that everybody can read', assessmentLine(TOKEN, NOW + HOUR)],
    ['two tags joined', `${makeAssessmentTag('run-1', NOW + HOUR, TOKEN)}, v1.x`],
  ])('are like any other with %s', async (_name, tag) => {
    expect(await eventOf(worldOf({ token: TOKEN }), tag)).not.toHaveProperty(['parapet.assessment'])
  })

  it('are not marked without the option, nor once the consent has ended', async () => {
    const tag = makeAssessmentTag('run-1', NOW + 10 * HOUR, TOKEN)
    expect(await eventOf(worldOf(undefined), tag)).not.toHaveProperty(['parapet.assessment'])
    const world = worldOf({ token: TOKEN, until: NOW + HOUR })
    expect(await eventOf(world, tag)).toHaveProperty(['parapet.assessment'], 'run-1')
    world.at.now += HOUR
    expect(await eventOf(world, tag)).not.toHaveProperty(['parapet.assessment'])
  })

  it('are those of failed sign-ins too, which rules count, and the shield holds all the same', async () => {
    const world = worldOf([{ token: TOKEN }, { token: SECOND }])
    const request = requestOf(makeAssessmentTag('run-2', NOW + HOUR, SECOND), { method: 'POST', url: '/login' })
    const kinds: string[] = []
    for (let i = 0; i < 12; i++) {
      const verdict = await world.guard.login.attempt({ subject: 'anna', method: 'password', request }, () => undefined)
      kinds.push(verdict.kind)
    }
    const logins = world.events.filter((event) => event['event.action'] === 'login')
    expect(logins.length).toBeGreaterThan(0)
    expect(logins.every((event) => event['parapet.assessment'] === 'run-2')).toBe(true)
    expect(new Set(kinds).size).toBeGreaterThan(1)
  })
})

describe('the consent', () => {
  it('is shown under its path only, to who reads', () => {
    const { answer } = createAssessment([{ token: TOKEN, until: new Date(NOW + HOUR) }, { token: SECOND }], () => NOW)
    const text = answer('GET', '/.well-known/parapet-assessment') ?? ''
    expect(text).not.toContain(TOKEN)
    expect(readAssessmentText(text, TOKEN, NOW)).toEqual({ kind: 'given', until: NOW + HOUR })
    expect(readAssessmentText(text, SECOND, NOW)).toEqual({ kind: 'given', until: NOW + 7 * 24 * HOUR })
    expect([
      answer('POST', '/.well-known/parapet-assessment'),
      answer('GET', '/.well-known/parapet-assessment/'),
      answer('GET', '/'),
    ]).toEqual([undefined, undefined, undefined])
  })

  it.each([
    ['a short token', { token: 'short' }],
    ['a token with a line end', { token: `${TOKEN}\n` }],
    ['an end that is no date', { token: TOKEN, until: new Date('never') }],
    ['an unknown key', { token: TOKEN, till: 5 }],
    ['nothing', undefined],
    ['a text', TOKEN],
  ])('is refused at start with %s, without repeating the token', (_name, consent) => {
    let error: unknown
    try {
      createAssessment([consent as never], () => NOW)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ParapetError)
    expect(error).toMatchObject({ code: 'PPT_CONFIG_INVALID' })
  })
})
