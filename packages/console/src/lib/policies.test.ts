import type { DecisionPreview } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { makeMode, makePolicies, makePolicyPreview } from '../test/respond-fixtures.js'
import { blockPreviewInWords, isReady, listModes, listPolicies, previewInWords, promotionRisks, standingOf } from './policies.js'

const NOW = 1_764_000_000_000

describe('policies', () => {
  it('are listed as they are asked', () => {
    expect(listPolicies(makePolicies(NOW)).map(({ id }) => id)).toEqual(['brute-force', 'night', 'observe'])
  })

  it('say how many rules are enforced, observed and ready, and what came of them', () => {
    const [first] = listPolicies(makePolicies(NOW))
    expect(first === undefined ? undefined : standingOf(first)).toEqual({
      enforced: 1,
      observed: 2,
      ready: 1,
      decisions7d: 41,
      observed7d: 240,
    })
    expect(standingOf({ rules: [] })).toEqual({ enforced: 0, observed: 0, ready: 0, decisions7d: 0, observed7d: 0 })
  })

  it('call a rule ready only when it is observed and nothing holds it', () => {
    expect(isReady(makeMode(1, NOW))).toBe(true)
    expect(isReady(makeMode(1, NOW, { holds: ['It is new.'] }))).toBe(false)
    expect(isReady(makeMode(0, NOW))).toBe(false)
  })

  it('list first what can be promoted, then what hits most', () => {
    const rules = [makeMode(0, NOW), makeMode(1, NOW, { holds: ['no'], observed7d: 900 }), makeMode(3, NOW)]
    expect(listModes(rules).map(({ rule }) => rule.id)).toEqual(['web-scanner-agent', 'web-login-spray', 'ssh-brute-force-address'])
  })
})

describe('a preview', () => {
  it('says whom it would have hit, and how many of them signed in', () => {
    expect(previewInWords(makePolicyPreview(NOW))).toBe('It would have acted on 41 addresses, 3 of which signed in.')
    expect(previewInWords(makePolicyPreview(NOW, { signedIn: 0, addresses: 1 }))).toBe(
      'It would have acted on 1 address, none of which signed in.',
    )
    expect(previewInWords(makePolicyPreview(NOW, { users: 2 }))).toBe(
      'It would have acted on 41 addresses and 2 users, 3 of which signed in.',
    )
    expect(previewInWords(makePolicyPreview(NOW, { users: 2, addresses: 0, signedIn: 0 }))).toBe('It would have acted on 2 users.')
  })

  it('tells nothing to do from nobody hit', () => {
    expect(previewInWords(makePolicyPreview(NOW, { alerts: 0 }))).toContain('nothing to do')
    expect(previewInWords(makePolicyPreview(NOW, { addresses: 0, signedIn: 0 }))).toBe('It would have acted on nobody, from 212 alerts.')
  })

  it('of a block says how many requests and users it would have met', () => {
    const preview: DecisionPreview = {
      request: { target: { kind: 'ip', value: '203.0.113.7' }, action: 'deny', scope: 'all', duration: '1h', reason: '' },
      refused: null,
      since: NOW,
      addresses: 3,
      events: 1_204,
      signedIn: 2,
      examples: [],
    }
    expect(blockPreviewInWords(preview)).toBe(
      'It would have met 1\u202f204 requests of 3 addresses in the last seven days. 2 users signed in from there.',
    )
    expect(blockPreviewInWords({ ...preview, signedIn: 0 })).toContain('Nobody signed in from there.')
    expect(blockPreviewInWords({ ...preview, events: 0 })).toBe('Nothing came from there in the last seven days.')
  })
})

describe('what speaks against a promotion', () => {
  const held = makeMode(1, NOW, { holds: ['2 false positives were marked.', 'It is new.'] })

  it('begins with people who would have been hit, then the budget, then what holds the rule', () => {
    expect(promotionRisks([held], makePolicyPreview(NOW, { overBudget: 4 }))).toEqual([
      '3 addresses of users who signed in would have been hit.',
      'It would have gone over the budget 4 times; beyond it nothing more is enforced.',
      '2 false positives were marked.',
      'It is new.',
    ])
  })

  it('is nothing for a rule that is ready and would have hit nobody', () => {
    expect(promotionRisks([makeMode(1, NOW)], makePolicyPreview(NOW, { signedIn: 0 }))).toEqual([])
  })

  it('is known of the holds even when the preview is not', () => {
    expect(promotionRisks([held], undefined)).toEqual(held.holds)
  })

  it('names the rules when there are several, and is bounded', () => {
    const rules = Array.from({ length: 9 }, (_, at) => makeMode(at * 2 + 1, NOW, { holds: ['It is new.'] }))
    const risks = promotionRisks([...rules, makeMode(0, NOW)], undefined)
    expect(risks).toHaveLength(7)
    expect(risks[0]).toBe('One password tried on many accounts: It is new.')
    expect(risks.at(-1)).toBe('And so for 3 more rules.')
  })
})
