import type { RuleException, TopValues, TriageGroup, TriageNote } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createConceal } from '../../vault/index.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { createHintedView, NAMED } from './name-view.js'

const vault = testVault()
const hinted = createHintedView({ vault, conceal: createConceal(vault) })
const rule = { id: 'r', title: 'Guessing', level: 'high', tags: [], version: '1' } as const
const by = { id: 'op', name: 'Olga' }
const group: TriageGroup = {
  key: 'k',
  rule,
  scope: { kind: 'user', value: 'carol' },
  why: '9 failures of carol',
  level: 'high',
  alerts: 2,
  events: 9,
  first: 1,
  last: 2,
  targets: ['203.0.113.7', 'carol'],
  sources: [],
  status: 'open',
  verdict: null,
  assignee: by,
  snoozedUntil: null,
  decisions: 0,
  demo: false,
}
const exception: RuleException = {
  id: 'x',
  ruleId: 'r',
  match: { 'user.name': 'carol', 'source.ip': '192.0.2.0/24', 'http.response.status_code': 404, 'app.note': 'mail carol@example.org' },
  until: 9,
  reason: 'carol asked',
  by,
  createdAt: 1,
}
const top = (field: string, ...values: string[]): TopValues => ({
  field,
  values: values.map((value) => ({ value, count: 3 })),
  of: 9,
  distinct: values.length,
})

describe('a view without names', () => {
  it('shows of a group what it is and not whom it is about, the same hint for the same name', () => {
    const seen = hinted.group(group)
    expect(JSON.stringify(seen)).not.toContain('carol')
    expect(seen.scope.value).toBe(vault.pseudonym('carol'))
    expect(seen).toMatchObject({ why: 'Guessing: 9 counted', targets: ['203.0.113.7', vault.pseudonym('carol')], alerts: 2, assignee: by })
    const address = hinted.group({ ...group, scope: { kind: 'ip', value: '203.0.113.7' } })
    expect(address.scope.value).toBe('203.0.113.7')
  })

  it('hides what people wrote, and shows what they did', () => {
    const note = (act: TriageNote['act'], text: string): TriageNote => ({ at: 1, by, act, text })
    expect(hinted.note(note('note', 'carol was on holiday')).text).not.toContain('carol')
    expect(hinted.note(note('close', 'benign'))).toEqual(note('close', 'benign'))
  })

  it('shows of an exception what it matches, but no name and no reason', () => {
    const seen = hinted.exception(exception)
    expect(JSON.stringify(seen)).not.toContain('carol')
    expect(seen.match).toMatchObject({ 'user.name': vault.pseudonym('carol'), 'http.response.status_code': 404 })
    expect(Object.keys(seen.match)).toEqual(Object.keys(exception.match))
  })

  it('counts values without telling names among them', () => {
    const seen = hinted.topValues(top('user.name', 'carol', 'dave'))
    expect(seen).toMatchObject({ of: 9, distinct: 2, values: [{ value: vault.pseudonym('carol'), count: 3 }, { count: 3 }] })
    expect(hinted.topValues(top('url.path', '/login')).values[0]?.value).toBe('/login')
    expect(hinted.topValues(top('source.ip', '203.0.113.7')).values[0]?.value).toBe('203.0.113.7')
  })

  it('knows that it hides, and the other one that it does not', () => {
    expect([hinted.hides, NAMED.hides]).toEqual([true, false])
    expect(NAMED.group(group)).toBe(group)
    expect(NAMED.exception(exception)).toBe(exception)
  })
})
