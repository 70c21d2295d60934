import { createServer as createTlsServer } from 'node:https'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '@parapet/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FULL_TARGET } from '../fixtures/full-target.js'
import { HOSTILITIES, serveHostile, whole } from '../fixtures/hostile.js'
import { PROBES } from '../probes/index.js'
import type { AttackReport } from '../report/types.js'
import { runAttack, type AttackOptions } from './run-attack.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

const attack = (url: string, options: AttackOptions = {}): Promise<AttackReport> =>
  runAttack({
    url,
    target: FULL_TARGET,
    probes: PROBES,
    // no browser: what hangs there is the browser’s own affair
    options: { probeTimeMs: 1_500, browserPath: '/nowhere/chromium', ...options },
  })

const passes = (report: AttackReport): readonly string[] =>
  report.statements.filter(({ verdict }) => verdict === 'pass').map(({ probe, because }) => `${probe}: ${because}`)

describe('a target that is no partner from the start', () => {
  it.each(Object.keys(HOSTILITIES))('%s: nothing passes, nothing is found, and the reason is told', async (name) => {
    const server = await serveHostile(HOSTILITIES[name]!)
    open.push(server)
    const report = await attack(server.origin)
    expect(report.state).toBe('failed')
    expect(report.reason).not.toBe('')
    expect(passes(report)).toEqual([])
    expect(report.findings).toEqual([])
    // every probe says that it was not tried, and why
    expect(new Set(report.statements.map(({ probe }) => probe))).toEqual(new Set(PROBES.map(({ name: probe }) => probe)))
    expect(report.took_ms).toBeLessThan(25_000)
  })

  it('is refused when nothing listens there', async () => {
    const server = await serveHostile(() => undefined)
    await server.close()
    const report = await attack(server.origin)
    expect(report).toMatchObject({ state: 'failed', reason: expect.stringContaining('refused') })
    expect(passes(report)).toEqual([])
  })
})

describe('a target that turns while it is tried', () => {
  // the first two requests are the health check's
  it.each([
    'hangs at once',
    'closes at once',
    'sends garbage',
    'answers 429 to everything',
    'answers 503 to everything',
    'is another program each time',
  ])(
    '%s after the first requests: no probe passes',
    async (name) => {
      const server = await serveHostile(HOSTILITIES[name]!, 2)
      open.push(server)
      const report = await attack(server.origin)
      expect(passes(report)).toEqual([])
      expect(report.state).not.toBe('complete')
      expect(report.took_ms).toBeLessThan(60_000)
    },
    90_000,
  )

  it('the same page to every question, for ever: no probe passes', async () => {
    const server = await serveHostile((socket) => void socket.end(whole()))
    open.push(server)
    // what is asked of single pages (headers, listings) may well be true of such a target
    const probes = PROBES.filter(({ needs }) => needs.some((need) => need.startsWith('signIn') || need.startsWith('accounts')))
    expect(probes.length).toBeGreaterThan(25)
    const report = await runAttack({
      url: server.origin,
      target: FULL_TARGET,
      probes,
      options: { probeTimeMs: 3_000, browserPath: '/nowhere/chromium' },
    })
    expect(passes(report)).toEqual([])
  }, 120_000)

  it('ends at the limit of requests, and says so', async () => {
    const server = await serveHostile((socket) => void socket.end(whole()))
    open.push(server)
    const report = await attack(server.origin, { maxRequests: 10 })
    expect(report.requests).toBeLessThanOrEqual(10)
    expect(report.state).not.toBe('complete')
    expect(JSON.stringify(report.statements)).toContain('max-requests')
  }, 60_000)
})

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parapet-tls-'))
  let origin = ''
  beforeAll(async () => {
    const { key, cert } = selfSigned(folder, { host: 'other.test' })
    const server = createTlsServer({ key, cert }, (_request, response) => void response.end('<title>Shop</title>'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `https://localhost:${(server.address() as AddressInfo).port}`
    closing = () => new Promise((resolve) => void server.close(() => resolve()))
  })
  let closing: () => Promise<void> = () => Promise.resolve()
  afterAll(async () => {
    await closing()
    rmSync(folder, { recursive: true })
  })

  it('refuses a certificate that is not the target’s, and names the way to accept it', async () => {
    const report = await attack(origin)
    expect(report).toMatchObject({ state: 'failed', reason: expect.stringMatching(/certificate.*--insecure/) })
    expect(passes(report)).toEqual([])
  })

  it('accepts it when told to', async () => {
    const report = await runAttack({ url: origin, target: {}, probes: [], options: { insecure: true } })
    expect(report).toMatchObject({ state: 'complete', total_findings: 0 })
  })

  it('is no target when it is asked for in plain HTTP', async () => {
    const report = await attack(origin.replace('https', 'http'))
    expect(report.state).toBe('failed')
    expect(passes(report)).toEqual([])
  })
})
