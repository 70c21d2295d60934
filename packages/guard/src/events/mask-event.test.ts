import { describe, expect, it } from 'vitest'
import { maskEvent, maskText } from './mask-event.js'

const masker = { text: (value: string): string => value.replaceAll(/\S+@\S+/g, '[email]') }
const broken = {
  text: (): string => {
    throw new Error('broken')
  },
}

describe('an event on its way to the control plane', () => {
  it('says nothing in its text that the masker finds, and keeps whom it is about', () => {
    const event = {
      '@timestamp': 1,
      'user.name': 'ann@example.org',
      'user.id': '7',
      'source.ip': '203.0.113.7',
      'url.path': '/reset/ann@example.org',
      'url.query': 'for=ann@example.org',
      'url.original': '/reset?ann@example.org',
      'user_agent.original': 'bot (ann@example.org)',
      'http.request.referrer': 'https://x/?ann@example.org',
      message: 'mail to ann@example.org',
      'event.original': 'ann@example.org',
    }
    const { 'user.name': name, ...rest } = maskEvent(event, masker)
    expect(name).toBe('ann@example.org')
    expect(JSON.stringify(rest)).not.toContain('ann@')
    expect(rest).toMatchObject({ 'user.id': '7', 'source.ip': '203.0.113.7' })
    expect(event['url.path']).toContain('ann@')
  })

  it('hides a field rather than let it through when the masker fails [ASVS 16.5.3]', () => {
    expect(maskEvent({ '@timestamp': 1, 'url.path': '/a' }, broken)).toEqual({ '@timestamp': 1, 'url.path': '[not masked]' })
    expect(maskText('ann@example.org', broken)).toBe('[not masked]')
    expect(maskText('a', undefined)).toBe('a')
  })
})
