import type { AuditEntry } from '@parapet/core'
import { nodeRequest } from '../app/fixtures/node-request.js'
import { describe, expect, it } from 'vitest'
import type { NewNotice } from '../modules/notices/index.js'
import { createLoginReport, createSubjects } from './login-shield.js'
import { createSessionReport } from './session-report.js'

const ID = '019aa6c2-7d0a-7c55-9d0e-1f6f2d2c8a11'
const ANN = { id: ID, name: 'Ann', role: 'viewer', createdAt: 1, lastSignInAt: null, generation: 0 } as const
const operators = {
  byName: (name: string) => Promise.resolve(name.toLowerCase() === 'ann' ? ANN : undefined),
  get: (id: string) => Promise.resolve(id === ID ? ANN : undefined),
}

const recorder = () => {
  const seen: { acts: AuditEntry[]; told: [string, NewNotice][]; suspects: string[]; log: unknown[] } = {
    acts: [],
    told: [],
    suspects: [],
    log: [],
  }
  const log = { info: (fields: unknown) => void seen.log.push(fields), warn: (fields: unknown) => void seen.log.push(fields) }
  return {
    seen,
    deps: {
      operators,
      log: log as never,
      clock: () => 5,
      recordAct: (entry: AuditEntry) => Promise.resolve(void seen.acts.push(entry)),
      tell: (operatorId: string, notice: NewNotice) => void seen.told.push([operatorId, notice]),
      suspect: (operatorId: string) => void seen.suspects.push(operatorId),
    },
  }
}

describe('whom an attempt counts for', () => {
  it('is the operator, whatever spelling was typed, with a password and with a code alike', async () => {
    const subjectOf = createSubjects(operators)
    expect(await subjectOf('Ann')).toBe(ID)
    expect(await subjectOf('ANN')).toBe(ID)
    expect(await subjectOf(ID)).toBe(ID)
    expect(await subjectOf(ID.toUpperCase())).toBe(ID)
  })

  it('is the name itself where nobody goes by it, folded', async () => {
    expect(await createSubjects(operators)('  NoBody ')).toBe('nobody')
  })
})

describe('a lock of the sign-in', () => {
  const report = (subject: string, extra: object = {}) => ({
    at: 1,
    outcome: 'failed' as const,
    reason: 'bad_password',
    method: 'password' as const,
    subject,
    device: 'unknown' as const,
    client: { kind: 'known', address: '192.0.2.9', key: '192.0.2.9' } as never,
    request: nodeRequest({ 'user-agent': 'curl/8' }),
    lock: 'subject' as const,
    ...extra,
  })

  it('is told to its operator and written down, by name and by id', async () => {
    for (const subject of ['ann', ID]) {
      const { seen, deps } = recorder()
      createLoginReport(deps)(report(subject))
      await expect.poll(() => seen.acts).toHaveLength(1)
      expect(seen.told).toEqual([[ID, { kind: 'lockout', address: '192.0.2.9', device: 'curl' }]])
      expect(seen.suspects).toEqual([ID])
      expect(seen.acts[0]).toMatchObject({ action: 'operator.locked', resource: { id: ID }, address: '192.0.2.9' })
    }
  })

  it('of a name that nobody goes by is in the log only, without the name: strangers cannot write the record full', async () => {
    const { seen, deps } = recorder()
    createLoginReport(deps)(report('hunter2-as-name'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen).toMatchObject({ acts: [], told: [], suspects: [] })
    expect(JSON.stringify(seen.log)).not.toContain('hunter2')
  })

  it('is not told for every attempt that meets it, nor for a failure that sets none', async () => {
    const { seen, deps } = recorder()
    createLoginReport(deps)(report('ann', { outcome: 'locked', reason: 'locked' }))
    createLoginReport(deps)(report('ann', { lock: undefined }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(seen.told).toEqual([])
  })
})

describe('a session at risk', () => {
  const risky = (kind: 'observe' | 'step_up' | 'revoke') => ({
    kind: 'at_risk' as const,
    at: 1,
    id: 's1',
    subject: ID,
    risk: { kind, score: 9, signals: ['country_changed' as const] },
    place: undefined,
    placeBefore: undefined,
    device: 'Firefox on Linux',
    deviceBefore: undefined,
  })

  it('is told to its operator and written down when something is done about it', () => {
    const { seen, deps } = recorder()
    const tellOf = createSessionReport(deps)
    tellOf(risky('step_up'))
    tellOf(risky('revoke'))
    expect(seen.suspects).toHaveLength(2)
    expect(seen.told.map(([, notice]) => notice)).toMatchObject([
      { kind: 'session_at_risk', device: 'Firefox on Linux', detail: expect.stringContaining('prove') },
      { kind: 'session_at_risk', detail: 'It was ended.' },
    ])
    expect(seen.acts).toMatchObject([{ action: 'session.at_risk', resource: { id: 's1' }, detail: { signals: 'country_changed' } }, {}])
  })

  it('that is only observed is in the log alone', () => {
    const { seen, deps } = recorder()
    createSessionReport(deps)(risky('observe'))
    createSessionReport(deps)({ kind: 'revoked', at: 1, subject: ID, ids: ['s1'], reason: 'revoked' })
    expect(seen).toMatchObject({ acts: [], told: [], suspects: [] })
    expect(seen.log).toHaveLength(2)
  })
})
