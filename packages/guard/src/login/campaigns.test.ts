import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CAMPAIGN_DEFAULTS, type Campaigns, type CheckedAttempt, createCampaigns } from './campaigns.js'
import type { CampaignReport } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })
const NOW = 1_800_000_000_000
const SECOND = 1_000
const MINUTE = 60 * SECOND

const attempt = (subject: string, outcome: CheckedAttempt['outcome'], more: Partial<CheckedAttempt> = {}): CheckedAttempt => ({
  subject,
  outcome,
  addressKey: '203.0.113.7',
  sources: ['203.0.113.0/24'],
  ...more,
})
/** Plays attempts a second apart and gives what was told, with the time in seconds since the start. */
const play = (campaigns: Campaigns, list: readonly CheckedAttempt[], from = NOW, step = SECOND): readonly CampaignReport[] =>
  list.flatMap((one, i) => campaigns.note(from + i * step, one))
const short = (reports: readonly CampaignReport[]): readonly string[] => reports.map(({ kind, state }) => `${kind} ${state}`)
/** An address of its own for each: nobody fails twice from one. */
const botnet = (i: number): Partial<CheckedAttempt> => ({
  addressKey: `198.51.${i >> 8}.${i & 255}`,
  sources: [`198.51.${i >> 8}.0/24`, `as${64_500 + (i % 50)}`],
})

describe('spraying', () => {
  const spray = (count: number, each = 1): readonly CheckedAttempt[] =>
    Array.from({ length: count * each }, (_, i) => attempt(`victim${i % count}`, 'failed', botnet(i * 7)))

  it('is many names with a few tries each, from however many addresses, told once', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    const reports = play(campaigns, spray(200))
    expect(short(reports)).toEqual(['spraying began'])
    expect(reports[0]).toEqual({
      kind: 'spraying',
      state: 'began',
      at: NOW + 29 * SECOND,
      subjects: 30,
      attempts: 30,
      addresses: 30,
      windowMs: 15 * MINUTE,
    })
    expect(campaigns.current(NOW + 200 * SECOND, [])).toBe('spraying')
  })

  it('has ended when nothing of it was seen for a quarter of an hour, which the next attempt tells', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    play(campaigns, spray(40))
    const later = NOW + 40 * SECOND + 31 * MINUTE
    expect(campaigns.current(later, [])).toBeUndefined()
    expect(short(campaigns.note(later, attempt('anna', 'ok')))).toEqual(['spraying ended'])
    expect(campaigns.note(later + 1, attempt('anna', 'ok'))).toEqual([])
    expect(short(play(campaigns, spray(40), later + MINUTE))).toEqual(['spraying began'])
  })

  it('is no Monday morning: five hundred people, each tenth of whom mistypes and then gets in', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    const morning = Array.from({ length: 500 }, (_, i) =>
      i % 10 === 0 ? [attempt(`p${i}`, 'failed'), attempt(`p${i}`, 'failed'), attempt(`p${i}`, 'ok')] : [attempt(`p${i}`, 'ok')],
    ).flat()
    expect(play(campaigns, morning)).toEqual([])
  })

  it('is seen among honest people as long as it is half of the names that try', () => {
    const mixed = (honest: number): readonly CampaignReport[] =>
      play(
        createCampaigns(CAMPAIGN_DEFAULTS),
        spray(60).flatMap((one, i) => Array.from({ length: honest + 1 }, (_, k) => (k === 0 ? one : attempt(`honest${i}-${k}`, 'ok')))),
        NOW,
        100,
      )
    expect(short(mixed(0))).toEqual(['spraying began'])
    expect(mixed(2)).toEqual([])
  })

  it('is not one name tried often: that is the lock of the subject', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    expect(
      play(
        campaigns,
        spray(40, 30).filter((_, i) => i % 40 < 20),
        NOW,
        10,
      ),
    ).toEqual([])
  })

  it('slower than the window is not seen, which is said here so that nobody takes it for more', () => {
    expect(play(createCampaigns(CAMPAIGN_DEFAULTS), spray(100), NOW, 35 * SECOND)).toEqual([])
  })

  it('does not make a victim of who got in before, nor is it hidden by who gets in after', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    const users = Array.from({ length: 25 }, (_, i) => `u${i}`)
    expect(
      play(
        campaigns,
        users.map((name) => attempt(name, 'ok')),
      ),
    ).toEqual([])
    expect(
      play(
        campaigns,
        users.map((name) => attempt(name, 'failed')),
        NOW + MINUTE,
      ),
    ).toEqual([])
    expect(short(play(campaigns, spray(60), NOW + 2 * MINUTE))).toEqual(['spraying began'])
  })
})

describe('stuffing', () => {
  const list = (count: number, unknownOf = 4, more: Partial<CheckedAttempt> = {}): readonly CheckedAttempt[] =>
    Array.from({ length: count }, (_, i) => attempt(`mail${i}`, i % 4 < unknownOf ? 'unknown' : 'failed', more))

  it('is many names from one network that nobody goes by', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    const reports = play(campaigns, list(25, 3))
    expect(short(reports)).toEqual(['stuffing began'])
    expect(reports[0]).toMatchObject({ source: '203.0.113.0/24', subjects: 10, unknown: 8, attempts: 10 })
    expect(campaigns.current(NOW + 25 * SECOND, ['203.0.113.0/24'])).toBe('stuffing')
    expect(campaigns.current(NOW + 25 * SECOND, ['203.0.114.0/24'])).toBeUndefined()
  })

  it('is found by the provider when it comes from all over his network', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    const reports = play(
      campaigns,
      Array.from({ length: 20 }, (_, i) =>
        attempt(`mail${i}`, 'unknown', { sources: [`198.51.${i}.0/24`, 'as64500'], addressKey: `198.51.${i}.1` }),
      ),
    )
    expect(reports).toMatchObject([{ kind: 'stuffing', state: 'began', source: 'as64500' }])
  })

  it('is not an office where some mistype their names', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    const office = Array.from({ length: 300 }, (_, i) =>
      i % 15 === 0 ? [attempt(`mistyped${i}`, 'unknown'), attempt(`p${i}`, 'ok')] : [attempt(`p${i}`, 'ok')],
    ).flat()
    expect(play(campaigns, office)).toEqual([])
  })

  it('ends, and may begin again', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    play(campaigns, list(12))
    const later = NOW + 40 * MINUTE
    expect(short(play(campaigns, list(1), later))).toEqual(['stuffing ended'])
    expect(short(play(campaigns, list(20), later + MINUTE))).toEqual(['stuffing began'])
  })
})

describe('any flood of attempts', () => {
  it('is followed in bounded memory', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    for (let i = 0; i < 30_000; i++) campaigns.note(NOW + i, attempt(`name${i}`, i % 3 === 0 ? 'unknown' : 'failed', botnet(i * 11)))
    expect(campaigns.size().subjects).toBeLessThanOrEqual(8_192)
    expect(campaigns.size().sources).toBeLessThanOrEqual(2_048)
  })

  it('costs the same however full the windows are', () => {
    const campaigns = createCampaigns(CAMPAIGN_DEFAULTS)
    for (let i = 0; i < 9_000; i++) campaigns.note(NOW, attempt(`name${i}`, 'failed', botnet(i)))
    const began = process.cpuUsage()
    for (let i = 0; i < 10_000; i++)
      campaigns.note(NOW, attempt(`more${i}`, 'failed', { addressKey: '192.0.2.1', sources: ['192.0.2.0/24'] }))
    // 50 µs each would be no sign of a walk through 8,192 names
    expect(process.cpuUsage(began).user).toBeLessThan(10_000 * 100)
  })

  it('counts as a plain walk over the window counts', () => {
    const policy = { ...CAMPAIGN_DEFAULTS, windowMs: 20 * SECOND, sprayedSubjects: 4, lastsMs: 1 * SECOND }
    const one = fc.record({
      wait: fc.integer({ min: 0, max: 4 * SECOND }),
      subject: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
      outcome: fc.constantFrom('ok' as const, 'failed' as const, 'unknown' as const),
    })
    fc.assert(
      fc.property(fc.array(one, { maxLength: 80 }), (list) => {
        const campaigns = createCampaigns(policy)
        let now = NOW
        const names = new Map<string, { tries: number; last: number; ok: boolean }>()
        let until = 0
        for (const { wait, subject, outcome } of list) {
          now += wait
          for (const [name, { last }] of names) if (last <= now - policy.windowMs) names.delete(name)
          const before = names.get(subject)
          names.set(subject, { tries: (before?.tries ?? 0) + 1, last: now, ok: outcome === 'ok' || before?.ok === true })
          const failed = [...names.values()].filter(({ ok }) => !ok)
          const sprayed = failed.filter(({ tries }) => tries <= policy.fewTries).length
          const shows = sprayed >= policy.sprayedSubjects && sprayed >= policy.failedShare * names.size
          const expected = [...(until > 0 && now >= until ? ['ended'] : []), ...(shows && now >= until ? ['began'] : [])]
          const told = campaigns.note(now, attempt(subject, outcome, { sources: [] }))
          expect(told.map(({ state }) => state)).toEqual(expected)
          if (shows) until = now + policy.lastsMs
          else if (now >= until) until = 0
          expect(campaigns.current(now, [])).toBe(now < until ? 'spraying' : undefined)
        }
      }),
      { numRuns: 300 },
    )
  })
})
