import { NOTICE_KINDS } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { tellNotice } from './operator-notices.js'

describe('a notice of an operator’s account', () => {
  it.each(NOTICE_KINDS)('%s is told with who, from where and by whom', (kind) => {
    const told = tellNotice('Ann', { kind, address: '203.0.113.9', device: 'Firefox', detail: 'viewer', by: 'Chief' })
    expect(told).toMatchObject({ kind: 'operator', href: '/operators' })
    for (const fact of ['Operator: Ann.', 'Address: 203.0.113.9.', 'Device: Firefox.', 'viewer.', 'By Chief.'])
      expect(told.text).toContain(fact)
    expect(tellNotice('Ann', { kind }).text).not.toContain('undefined')
  })

  it('that looks like a theft is told louder than what somebody does on purpose', () => {
    const level = (kind: (typeof NOTICE_KINDS)[number]): string => tellNotice('Ann', { kind }).level
    expect([level('session_replayed'), level('lockout'), level('password_changed')]).toEqual(['high', 'medium', 'informational'])
  })

  it('is like those of the same operator alone: a flood against one hides no other', () => {
    const group = (name: string) => tellNotice(name, { kind: 'lockout' }).group
    expect(group('Ann')).toBe(group('Ann'))
    expect(group('Ann')).not.toBe(group('Ben'))
  })
})
