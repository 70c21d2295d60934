import Fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { fullReport, recordOf, reportOf, sampleProbe } from '../fixtures/sample-report.js'
import type { ProbeVerdict } from '../verdict.js'
import { assemble, createHide, fingerprintOf, judgeAgain, verdictsOf } from './assemble.js'
import { keepFacts } from './keep-facts.js'
import { toSarif } from './sarif.js'
import { attackReportSchema } from './schema.js'

const pass: ProbeVerdict = { verdict: 'pass', locator: 'GET /', control: 'the page opened' }
const fail = (over: Partial<ProbeVerdict & { verdict: 'fail' }> = {}): ProbeVerdict => ({
  verdict: 'fail',
  locator: 'POST /x',
  says: 'It is open.',
  evidence: [],
  ...over,
})

/** The status with which a server answers that takes bodies of the schema only. */
const validate = async (body: unknown): Promise<{ readonly status: number; readonly said: string }> => {
  const app = Fastify({
    bodyLimit: 10_000_000,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: false } },
  })
  app.post('/', { schema: { body: attackReportSchema } }, () => 'ok')
  const answer = await app.inject({ method: 'POST', url: '/', payload: body as object })
  await app.close()
  return { status: answer.statusCode, said: answer.body }
}

describe('the report', () => {
  it('is what its schema says, with everything in it and with nothing', async () => {
    expect(await validate(fullReport())).toEqual({ status: 200, said: 'ok' })
    expect(await validate(reportOf([]))).toEqual({ status: 200, said: 'ok' })
    expect(await validate(reportOf([], { stopped: { state: 'failed', reason: 'gone' } }))).toEqual({ status: 200, said: 'ok' })
  })

  it.each([
    ['a count that is none', { total_findings: -1 }],
    ['another version', { version: 2 }],
    ['a key nobody knows', { extra: 1 }],
    ['a finding without a fix', { findings: [{ ...fullReport().findings[0], fix: undefined }] }],
  ])('is not what its schema says with %s', async (_name, over) => {
    expect((await validate({ ...fullReport(), ...over })).status).toBe(400)
  })

  it('puts the gravest first and counts each severity', () => {
    const report = fullReport()
    expect(report.findings.map(({ severity }) => severity)).toEqual(['critical', 'high', 'medium', 'medium', 'low', 'info'])
    expect(report.findings_by_severity).toEqual({ critical: 1, high: 1, medium: 2, low: 1, info: 1 })
    expect(report.total_findings).toBe(6)
  })

  it('lets a verdict say that its place is less grave than the probe', () => {
    expect(reportOf([[sampleProbe('x'), [fail({ severity: 'low' })]]]).findings[0]?.severity).toBe('low')
  })

  it('gives one fault one fingerprint in every run, and another to each place, probe and target', () => {
    const [first, second] = [1, 2].map(() => reportOf([[sampleProbe('x'), [fail()]]]).findings[0]?.fingerprint)
    expect(first).toBe(second)
    const all = [
      fingerprintOf('A', 'p', 't', 'l'),
      fingerprintOf('B', 'p', 't', 'l'),
      fingerprintOf('A', 'q', 't', 'l'),
      fingerprintOf('A', 'p', 'u', 'l'),
      fingerprintOf('A', 'p', 't', 'm'),
      // no way to shift text from one part to the next
      fingerprintOf('A', 'p', 'tl', ''),
      fingerprintOf('A', 'p', '', 'tl'),
    ]
    expect(new Set(all).size).toBe(all.length)
  })

  it('is complete with passes and skipped probes, and partial with one that made no statement', () => {
    const [sound, other] = [sampleProbe('sound'), sampleProbe('other')]
    expect(
      reportOf([
        [sound, [pass]],
        [other, { skipped: 'not declared' }],
      ]),
    ).toMatchObject({ state: 'complete' })
    const partial = reportOf([
      [sound, [pass]],
      [other, [{ verdict: 'inconclusive', locator: 'x', reason: 'limited' }]],
    ])
    expect(partial).toMatchObject({ state: 'partial', reason: expect.stringContaining('1 of 2 probes') })
  })
})

describe('what a probe says', () => {
  it.each([
    ['no verdict at all', () => []],
    [
      'an exception',
      () => {
        throw new Error('oops')
      },
    ],
  ])('is an error with %s: never a pass', (_name, judge) => {
    expect(verdictsOf(sampleProbe('x', { judge }), { kind: 'facts', facts: {} })).toMatchObject([{ verdict: 'error' }])
  })

  it('is no pass when the target was in doubt, and a finding all the same', () => {
    expect(verdictsOf(sampleProbe('x'), { kind: 'facts', facts: [pass, fail()], doubt: 'it was restarted' })).toMatchObject([
      { verdict: 'inconclusive', reason: 'it was restarted' },
      { verdict: 'fail' },
    ])
  })

  it('is an error when its facts were not kept', () => {
    expect(verdictsOf(sampleProbe('x'), { kind: 'facts' })).toMatchObject([{ verdict: 'error' }])
  })

  it('is judged live when its facts are too large to keep', () => {
    const probe = sampleProbe('x')
    const { facts: _, ...outcome } = recordOf('x', [pass]).outcome as { kind: 'facts'; facts: unknown }
    const run = { run_id: 'r', target: 't', scan_date: 'd', took_ms: 1, requests: 1, consent: 'loopback' } as const
    const report = assemble(run, [{ ...recordOf('x', [pass]), outcome }], [probe], createHide([]), new Map([['x', [pass]]]))
    expect(report.statements).toMatchObject([{ verdict: 'pass' }])
  })
})

describe('judging again', () => {
  it('says the same with the same probes, from the report alone', () => {
    const report = fullReport()
    const probes = report.probes.map(({ probe }) => sampleProbe(probe))
    const again = judgeAgain(JSON.parse(JSON.stringify(report)) as typeof report, probes)
    expect(again.statements).toEqual(report.statements.map((one) => ({ ...one, id: 'CFG-013' })))
    expect(again.total_findings).toBe(report.total_findings)
    expect(again.state).toBe(report.state)
  })

  it('applies a rule of today to the facts of then', () => {
    const report = reportOf([[sampleProbe('x'), [pass]]])
    const stricter = sampleProbe('x', { judge: () => [fail()] })
    expect(judgeAgain(report, [stricter])).toMatchObject({ total_findings: 1, scan_date: report.scan_date })
  })

  it('does not make a failed run whole', () => {
    const failed = reportOf([[sampleProbe('x'), [pass]]], { stopped: { state: 'failed', reason: 'gone' } })
    expect(judgeAgain(failed, [sampleProbe('x')])).toMatchObject({ state: 'failed', reason: 'gone' })
  })
})

describe('what a report hides', () => {
  const secret = 'correct-horse-battery'
  const evidence = [
    {
      as: 'anna',
      method: 'POST',
      url: `/sign-in?password=hunter2hunter2&next=/`,
      status: 200,
      headers: {
        'set-cookie': 'sid=c2VjcmV0LXNlc3Npb24tdmFsdWU; Path=/; HttpOnly; SameSite=Lax, other=YW5vdGhlci1zZWNyZXQ',
        authorization: 'Bearer abcdefghijklmnopqrstuvwxyz012345',
      },
      excerpt: `welcome, your password is ${secret}`,
      note: `typed ${secret}`,
    },
  ]
  const text = JSON.stringify({
    ...reportOf([[sampleProbe('x'), [fail({ evidence, says: `It took ${secret}.` })]]], {}, [secret]),
    probes: [],
  })

  it('are the secrets of the target file, wherever they show', () => {
    expect(text).not.toContain(secret)
    expect(text).toContain('[test secret]')
  })

  it('are sessions, keys and passwords, not the flags of a cookie', () => {
    for (const hidden of ['c2VjcmV0', 'YW5vdGhlci1zZWNyZXQ', 'abcdefghijklmnopqrstuvwxyz012345', 'hunter2hunter2'])
      expect(text).not.toContain(hidden)
    expect(text).toContain('HttpOnly; SameSite=Lax')
    expect(text).toContain('sid=[27 characters]')
  })

  it('is bounded: exchanges, headers and texts', () => {
    const long = 'a b '.repeat(5_000)
    const many = Array.from({ length: 50 }, () => ({
      ...evidence[0]!,
      excerpt: long,
      url: `/${long}`,
      headers: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`h${i}`, long])),
    }))
    const report = reportOf([[sampleProbe('x'), Array.from({ length: 500 }, () => fail({ evidence: many, says: long, locator: long }))]])
    expect(report.total_findings).toBe(100)
    expect(JSON.stringify(report.findings[0]).length).toBeLessThan(40_000)
    expect(report.findings[0]?.evidence).toHaveLength(4)
  })
})

describe('facts that are kept', () => {
  it('are plain JSON without the secrets of the target file', () => {
    expect(keepFacts({ sent: 'my "quoted" secret', list: [1, 'my "quoted" secret x'] }, ['my "quoted" secret'])).toEqual({
      facts: { sent: '[test secret]', list: [1, '[test secret] x'] },
    })
  })

  it('are nothing when they are too large, go round in circles or are no JSON', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    for (const facts of [circle, 'x'.repeat(300_000), undefined, 1n]) expect(keepFacts(facts, [])).toBeUndefined()
  })
})

describe('SARIF', () => {
  it('names each finding with its rule, level, place and fingerprint, and what was not judged', () => {
    const report = fullReport()
    const { runs } = toSarif(report, '0.1.0') as {
      runs: {
        tool: { driver: { rules: { id: string }[] } }
        results: { ruleId: string; ruleIndex: number; level: string; partialFingerprints: object }[]
        invocations: { toolExecutionNotifications: unknown[] }[]
      }[]
    }
    const [run] = runs
    expect(run?.results.map(({ level }) => level)).toEqual(['error', 'error', 'warning', 'warning', 'note', 'note'])
    for (const result of run?.results ?? []) expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId)
    expect(new Set(run?.results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints))).size).toBe(6)
    expect(run?.invocations[0]?.toolExecutionNotifications).toHaveLength(5)
  })
})
