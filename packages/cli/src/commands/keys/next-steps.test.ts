import type { Keyset, KeyStatus } from '@parapet/privacy/encryption'
import { describe, expect, it } from 'vitest'
import { nextSteps } from './next-steps.js'
import { type OlderValues, rotateStep } from './rotate.js'

type Key = readonly [id: number, status: KeyStatus, since?: number]

const keyset = (...keys: readonly Key[]): Keyset => ({
  version: 1,
  id: '019aa7f0-0000-7abc-8def-0123456789ab',
  dev: false,
  kek: 'env:KEK',
  keys: keys.map(([id, status, since = 1_000]) => ({
    id,
    status,
    alg: 'AES-256-GCM-HMAC-SHA512-COMMIT',
    created: 500,
    since,
    kcv: 'AAAAAAAAAAAAAAAAAAAAAA',
  })),
})
const OPTIONS = { settleMs: 600, canReseal: true, flags: ' --keyset k.json' }

describe('nextSteps', () => {
  it('asks nothing of a keyset with one key', () => {
    expect(nextSteps(keyset([1, 'primary'], [2, 'destroyed']), OPTIONS)).toEqual([])
  })

  it('names the command for each key, the urgent ones first, with the options that were given', () => {
    const steps = nextSteps(keyset([1, 'disabled'], [2, 'enabled'], [3, 'primary'], [4, 'pending', 2_000]), OPTIONS)
    expect(steps.map(({ key, command, from }) => [key, command, from])).toEqual([
      [4, 'parapet keys promote --keyset k.json', 2_600],
      [2, 'parapet keys rotate --keyset k.json', undefined],
      [1, 'parapet keys destroy 1 --keyset k.json', 1_600],
    ])
  })

  it('does not promise to seal anew what stands in append-only logs', () => {
    const [step] = nextSteps(keyset([2, 'enabled'], [3, 'primary']), { ...OPTIONS, canReseal: false })
    expect(step?.command).toBe('parapet keys scan --keyset k.json')
  })
})

describe('rotateStep', () => {
  const step = (older: OlderValues, now: number, ...keys: readonly Key[]) => rotateStep(keyset(...keys), { now, settleMs: 600, older })

  it('promotes a pending key only when every process has had time to read it', () => {
    expect(step('none', 1_599, [1, 'primary'], [2, 'pending'])).toBe('wait')
    expect(step('none', 1_600, [1, 'primary'], [2, 'pending'])).toBe('promote')
  })

  it('ends a rotation before it begins another: repeating it never piles up keys', () => {
    expect(step('none', 5_000, [1, 'primary'])).toBe('add')
    expect(step('left', 5_000, [1, 'enabled'], [2, 'primary'])).toBe('reseal')
    expect(step('moved', 5_000, [1, 'enabled'], [2, 'primary'])).toBe('done')
  })
})
